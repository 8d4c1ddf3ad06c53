"""A cache of catalogues and policies: each text is read and checked once, and the result is kept with the state.

``streams.steps.state`` and ``streams.network.partition`` read documents here instead of through their ports. A checkpoint holds the results
(``policies.language.serial``) and the name of the program that made them (``Parts.reader``); another program checks every text again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from policies.checking.cost import exceeded_limit
from policies.language import serial
from policies.language.catalogue import Catalogue
from policies.language.tree import Policy

if TYPE_CHECKING:
    from streams.language.ports import Parts  # brings NumPy along


class DocumentCache:
    """The documents that were read so far.

    Args:
        parts: the ports that read a new text.
        meta: from a checkpoint.

    ``fresh`` is the number of checked documents that no checkpoint holds yet.
    """

    def __init__(self, parts: Parts, meta: Mapping[str, Any] | None = None) -> None:
        self._parts = parts
        self._stored_documents = _of_reader(meta, parts.reader)
        self._checked: dict[str, Catalogue | Policy] = {}
        self.fresh = 0
        self._catalogue_name: tuple[Catalogue, str] | None = None

    def catalogue(self, units: str, contracts: Mapping[str, str]) -> Catalogue:
        """The catalogue of these texts.

        Raises:
            Invalid: with every problem of every text.
        """
        name = _texts(units, contracts)
        catalogue = self._lookup(name)
        if not isinstance(catalogue, Catalogue):
            catalogue = self._parts.build_catalogue(units, contracts)
            self.fresh += 1
        self._checked[name] = catalogue
        return catalogue

    def policy(self, text: str, file: str, catalogue: Catalogue) -> Policy:
        """The policy of this text, as it reads against a catalogue.

        Raises:
            Invalid: with every problem of the text.
        """
        name = _digest(text, self._name(catalogue))
        policy = self._lookup(name)
        if not isinstance(policy, Policy) or exceeded_limit(policy, catalogue.feeds) is not None:  # a checkpoint may hold anything
            policy = self._parts.read_policy(text, file, catalogue)
            self.fresh += 1
        self._checked[name] = policy
        return policy

    def meta(self) -> dict[str, Any]:
        """All documents that were asked for, as JSON; none if the program that reads has no name."""
        return {"reader": self._parts.reader, "checked": _plain_documents(self._checked) if self._parts.reader else {}}

    def _lookup(self, name: str) -> Any:
        if name in self._checked:
            return self._checked[name]
        return serial.from_json(self._stored_documents[name]) if name in self._stored_documents else None

    def _name(self, catalogue: Catalogue) -> str:
        """The digest of a catalogue's content; that of the last catalogue is kept."""
        if self._catalogue_name is None or self._catalogue_name[0] is not catalogue:
            self._catalogue_name = catalogue, _digest(json.dumps(serial.to_json(catalogue), ensure_ascii=False))
        return self._catalogue_name[1]


def cached_catalogue(meta: Mapping[str, Any] | None, reader: str, units: str, contracts: Mapping[str, str]) -> Catalogue | None:
    """The catalogue of these texts from a checkpoint; None if it is not there, or if another program read it.

    Args:
        meta: from ``Documents.meta``.
    """
    plain = _of_reader(meta, reader).get(_texts(units, contracts))
    catalogue = None if plain is None else serial.from_json(plain)
    return catalogue if isinstance(catalogue, Catalogue) else None


def _of_reader(meta: Mapping[str, Any] | None, reader: str) -> Mapping[str, Any]:
    plain_documents: Mapping[str, Any] = meta["checked"] if meta is not None and reader and meta["reader"] == reader else {}
    return plain_documents


def _texts(units: str, contracts: Mapping[str, str]) -> str:
    return _digest(units, *(text for pair in contracts.items() for text in pair))


def _plain_documents(documents: Mapping[str, Catalogue | Policy]) -> dict[str, Any]:
    out = {}
    for name, document in documents.items():
        try:
            out[name] = serial.to_json(document)
        except TypeError:  # its ``source`` holds something that JSON cannot express; the text is read again
            continue
    return out


def _digest(*texts: str) -> str:
    digest = sha256()
    for text in texts:
        body = text.encode()
        digest.update(len(body).to_bytes(8, "big") + body)
    return digest.hexdigest()[:32]
