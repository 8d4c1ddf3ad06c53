"""What ``connectors.intake.delivery`` asks of a host and of a vault: its ports.

``streams.host.Host`` and ``connectors.identity.vault.Vault`` fit them.
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


class Erasures(Protocol):
    """What a state knows of persons who were erased."""

    def erased(self, tokens: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        """Which of these persons' tokens were erased: of them nothing is kept."""
        ...


class DeliveryLedger(Erasures, Protocol):
    """What intake asks of a state."""

    def delivery_number(self, feed: str, source: int, id: str) -> tuple[int, int, bool]:
        """The number of a delivery (the next one if it is new), the highest row applied, and whether it is complete."""
        ...


class Keeping(Protocol):
    """What takes the identities of one delivery."""

    def add(self, identities: pl.DataFrame) -> None: ...


class Identities(Protocol):
    """Where identities go; ``connectors.identity.vault.Vault`` is one."""

    def admit(self, kind: Kind, tokens: npt.NDArray[np.uint64], checks: npt.NDArray[np.uint64], feed: str) -> None: ...

    def writer(self, feed: Feed, source: int, delivery: int, admits: bool = True) -> AbstractContextManager[Keeping]: ...

    def lacks(self, feed: Feed, source: int, delivery: int) -> bool: ...


class Applied(Protocol):
    """What a host says of a message."""

    @property
    def changes(self) -> Sequence[CandidateChange]: ...


class Intake(Protocol):
    """A host, as far as a delivery needs one; ``streams.host.Host`` is one."""

    @property
    def state(self) -> DeliveryLedger: ...

    def submit(self, message: Input) -> Applied: ...

    def submit_each(self, messages: Iterable[Input]) -> Iterable[Applied]: ...
