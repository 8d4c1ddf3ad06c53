"""The tokens of one research snapshot: made from the network's tokens under a key of that snapshot alone.

A subject has another token in every snapshot, and none is the one of lists, exports and explanations. Without the key nobody can tell which
tokens belong together. The key is drawn once for a snapshot (``infra.workspace.releases``) and is needed again only when a person is
erased. Called by ``services.exports.research_tables`` and ``services.erasure.erasing``.
Source: RFC 7693 (keyed BLAKE2b), as for the tokens themselves (``connectors.identity.tokens``).
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from policies.values import Kind

KEY_BYTES = 32
_WIDTH = 8

UInt64 = npt.NDArray[np.uint64]


class ReleaseTokens:
    """Makes the tokens of one snapshot.

    Args:
        key: ``KEY_BYTES`` secret bytes, of this snapshot alone.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the key of a snapshot has {KEY_BYTES} bytes")
        self._key = key

    @property
    def snapshot(self) -> str:
        """The name of the snapshot: 16 hex digits, which tell nothing about the key."""
        return hashlib.blake2b(b"name", digest_size=_WIDTH, key=self._domain("snapshot")).hexdigest()

    def column(self, kind: Kind, tokens: UInt64) -> UInt64:
        """uint64[n], the tokens in this snapshot of subjects of a kind; 0, which is nobody, stays 0."""
        from connectors.parsing.hashing import keyed_hashes

        data = np.ascontiguousarray(tokens, "<u8").view(np.uint8)
        starts = _WIDTH * np.arange(len(tokens), dtype=np.int64)
        here, _ = keyed_hashes(self._domain(kind.value), data, starts, starts + _WIDTH)
        here[here == 0] = 1
        here[tokens == 0] = 0
        return here

    def token(self, kind: Kind, token: int) -> int:
        """The token in this snapshot of one subject. The reference for ``column``."""
        digest = hashlib.blake2b(token.to_bytes(_WIDTH, "little"), digest_size=_WIDTH, key=self._domain(kind.value)).digest()
        return (int.from_bytes(digest, "little") or 1) if token else 0

    def _domain(self, kind: str) -> bytes:
        """The key of one kind of subject."""
        return hashlib.blake2b(kind.encode(), digest_size=32, key=self._key, person=b"huimin.release.1").digest()
