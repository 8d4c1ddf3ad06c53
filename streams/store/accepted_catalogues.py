"""The last catalogue of a store, read without its records, for verbs that only read a draft.

Catalogues are in the head of every checkpoint, as texts and as checked documents, and in the few messages behind it that set one. No array
is read, and NumPy is loaded only if there is such a message. ``infra.workspace.contracts`` calls it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from policies.contracts.growth import succeeding
from policies.language.catalogue import Catalogue
from streams.language.errors import DamagedStore
from streams.ledgers.documents import cached_catalogue
from streams.store import checkpoints
from streams.store.log import Log

if TYPE_CHECKING:
    from streams.language.ports import BuildCatalogue

CATALOGUE_SET = 6, b"\0\0"
"""``streams.wire.wire.kind_bytes`` of ``CatalogueSet``, the same in every version."""
_Texts: TypeAlias = tuple[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class AcceptedCatalogue:
    """The last catalogue of a store: the texts of units and contracts, and the catalogue as it follows those before."""

    units: str
    contracts: Mapping[str, str]
    catalogue: Catalogue


def accepted_catalogue(
    folder: Path, build: BuildCatalogue, reader: str, key: bytes = b"", head: Path | None = None
) -> AcceptedCatalogue | None:
    """The present catalogue of a store; None if it has none yet.

    Args:
        build: reads the texts of which no checkpoint has the result.
        reader: the name of the program that reads (``streams.language.ports.Parts``).
        key, head: the key of the log's chain, and the file with the chain head.
    """
    log, last = Log(folder, readonly=True, key=key, head=head), None
    try:
        with log.reading() as end:
            after, meta = _head(folder / "snapshots", end, key)
            for units, contracts in [*_texts_of(meta), *_behind(log, after)]:
                whole = cached_catalogue(meta.get("documents"), reader, units, contracts) or build(units, contracts)
                last = AcceptedCatalogue(units, contracts, succeeding(None if last is None else last.catalogue, whole))
            return last
    finally:
        log.close()


def _head(folder: Path, last: int, key: bytes) -> tuple[int, dict[str, Any]]:
    """Offset and meta of the newest checkpoint that reads back."""
    for offset in checkpoints.offsets(folder):
        try:
            if offset <= last:
                return offset, checkpoints.head(checkpoints.place(folder, offset), key)
        except (FileNotFoundError, DamagedStore):
            continue
    return -1, {}


def _texts_of(meta: Mapping[str, Any]) -> list[_Texts]:
    return [(units, contracts) for units, contracts, *_ in meta.get("catalogues", ())]


def _behind(log: Log, after: int) -> Iterator[_Texts]:
    for _, body in log.inputs_with(after, *CATALOGUE_SET):
        from streams.language.messages import CatalogueSet
        from streams.wire import wire  # brings NumPy along

        message = wire.decode(body)
        assert isinstance(message, CatalogueSet)
        yield message.units, message.contracts
