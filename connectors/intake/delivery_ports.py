"""The ports of ``connectors.intake.delivery``: the host and the vault that it needs.

``streams.host.Host`` and ``connectors.identity.vault.Vault`` implement them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from policies.language.catalogue import Feed
from policies.values import Kind
from streams.language.messages import CandidateChange, Input


class ErasureLedger(Protocol):
    """The persons that were erased from a state."""

    def are_erased(self, tokens: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        """Which of these persons were erased, by token; nothing is kept of them."""
        ...


class DeliveryLedger(ErasureLedger, Protocol):
    """The part of a state that intake reads."""

    def delivery_number(self, feed: str, source: int, id: str) -> tuple[int, int, bool]:
        """The number of a delivery (the next one if it is new), the last row applied, and whether it is complete."""
        ...


class IdentityWriter(Protocol):
    """A writer of the identities of one delivery."""

    def add(self, identities: pl.DataFrame) -> None: ...


class Identities(Protocol):
    """A store of identities, such as ``connectors.identity.vault.Vault``."""

    def admit(self, kind: Kind, tokens: npt.NDArray[np.uint64], checks: npt.NDArray[np.uint64], feed: str) -> None: ...

    def writer(self, feed: Feed, source: int, delivery: int, admits: bool = True) -> AbstractContextManager[IdentityWriter]: ...

    def lacks(self, feed: Feed, source: int, delivery: int) -> bool: ...


class SubmitResult(Protocol):
    """What a host returns for a message."""

    @property
    def changes(self) -> Sequence[CandidateChange]: ...


class IntakeHost(Protocol):
    """A host, as a delivery needs it, such as ``streams.host.Host``."""

    @property
    def state(self) -> DeliveryLedger: ...

    def submit(self, message: Input) -> SubmitResult: ...

    def submit_each(self, messages: Iterable[Input]) -> Iterable[SubmitResult]: ...
