"""Catalogues and policies as read from their texts: each text is checked once, and what came of it is kept with the state.

``streams.steps.state`` and ``streams.network.partition`` ask here instead of their ports. A checkpoint holds what was checked
(``policies.language.serial``), with the name of the program that checked it (``Parts.reader``); another program checks every text again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from policies.checking.cost import beyond
from policies.language import serial
from policies.language.catalogue import Catalogue
from policies.language.tree import Policy

if TYPE_CHECKING:
    from streams.language.ports import Parts  # brings NumPy along


class Documents:
    """What was read so far.

    Args:
        parts: who reads a text that was not read yet.
        kept: what ``meta`` gave.

    ``fresh`` is how many were checked that no checkpoint holds yet.
    """

    def __init__(self, parts: Parts, kept: Mapping[str, Any] | None = None) -> None:
        self._parts = parts
        self._kept = _of_reader(kept, parts.reader)
        self._checked: dict[str, Catalogue | Policy] = {}
        self.fresh = 0
        self._named: tuple[Catalogue, str] | None = None

    def catalogue(self, units: str, contracts: Mapping[str, str]) -> Catalogue:
        """The catalogue of these texts.

        Raises:
            Invalid: with every problem of every text.
        """
        name = _texts(units, contracts)
        known = self._known(name)
        if not isinstance(known, Catalogue):
            known = self._parts.build_catalogue(units, contracts)
            self.fresh += 1
        self._checked[name] = known
        return known

    def policy(self, text: str, file: str, catalogue: Catalogue) -> Policy:
        """The policy of this text, as it reads against a catalogue.

        Raises:
            Invalid: with every problem of the text.
        """
        name = _digest(text, self._name(catalogue))
        known = self._known(name)
        if not isinstance(known, Policy) or beyond(known, catalogue.feeds) is not None:  # who kept it did not check it
            known = self._parts.read_policy(text, file, catalogue)
            self.fresh += 1
        self._checked[name] = known
        return known

    def meta(self) -> dict[str, Any]:
        """As JSON: what was asked for. Nothing, where the program that reads has no name."""
        return {"reader": self._parts.reader, "checked": _written(self._checked) if self._parts.reader else {}}

    def _known(self, name: str) -> Any:
        if name in self._checked:
            return self._checked[name]
        return serial.read(self._kept[name]) if name in self._kept else None

    def _name(self, catalogue: Catalogue) -> str:
        """The digest of a catalogue's content; of the one asked about last it is at hand."""
        if self._named is None or self._named[0] is not catalogue:
            self._named = catalogue, _digest(json.dumps(serial.written(catalogue), ensure_ascii=False))
        return self._named[1]


def kept_catalogue(kept: Mapping[str, Any] | None, reader: str, units: str, contracts: Mapping[str, str]) -> Catalogue | None:
    """The catalogue of these texts as a checkpoint keeps it; None where it does not, or another program read them.

    Args:
        kept: what ``Documents.meta`` gave.
    """
    known = _of_reader(kept, reader).get(_texts(units, contracts))
    catalogue = None if known is None else serial.read(known)
    return catalogue if isinstance(catalogue, Catalogue) else None


def _of_reader(kept: Mapping[str, Any] | None, reader: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = kept["checked"] if kept is not None and reader and kept["reader"] == reader else {}
    return found


def _texts(units: str, contracts: Mapping[str, str]) -> str:
    return _digest(units, *(text for pair in contracts.items() for text in pair))


def _written(checked: Mapping[str, Catalogue | Policy]) -> dict[str, Any]:
    out = {}
    for name, one in checked.items():
        try:
            out[name] = serial.written(one)
        except TypeError:  # its ``source`` holds something JSON has no form for: it is read from its text again
            continue
    return out


def _digest(*texts: str) -> str:
    digest = sha256()
    for text in texts:
        body = text.encode()
        digest.update(len(body).to_bytes(8, "big") + body)
    return digest.hexdigest()[:32]
