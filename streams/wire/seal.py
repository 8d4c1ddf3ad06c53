"""Seals: the proof that a member of the network made a message for its place on a topic.

Whatever the broker admits, only messages made with the key of the network count. A seal covers everything that is read of a message: topic,
partition, key, headers (the kind is one of them) and body; so a message copied to another topic is invalid. The seal is a header, so bodies
are the same in logs on disk, which have no seals. The seal is checked before anything of a message is read, even its version. It proves a
member, not a person: a member can decide in any name. It does not stop a repeated message; numbers and stamps do
(``streams.ledgers.decisions``, ``streams.network.orders``). The seal covers the SHA-256 of the body, which server processors compute twice
as fast as BLAKE2b.
Source: RFC 7693 (BLAKE2b with a key), FIPS 180-4 (SHA-256).
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b, sha256
from hmac import compare_digest
from struct import Struct

from policies.values import Text
from streams.language.errors import InvalidSeal

SEAL = "ce_seal"
"""The header."""
SEAL_BYTES = 16
OPEN = b""
"""The key of an open network: anybody can make its seals, so they only show damage."""
_READ = ("ce_", "content-type")
"""Prefixes of the headers that are read. Other headers may change on the way."""
_LENGTH = Struct("<Q")
Headers = Iterable[tuple[str, bytes | None]]


class Seal:
    """Makes and checks the seals of one network.

    Args:
        key: of the network; ``OPEN`` for an open one.
        network: the identity of its topics (``infra.kafka.topics.network_id``): after the topics are made anew, old messages are invalid.
    """

    def __init__(self, key: bytes, network: str) -> None:
        self._key = blake2b(network.encode(), key=key, person=b"huimin network").digest()

    def with_seal(self, topic: str, partition: int, key: bytes, headers: list[tuple[str, bytes]], body: bytes) -> list[tuple[str, bytes]]:
        """The headers of a message with its seal; ``topic`` without a prefix."""
        rest = [header for header in headers if header[0] != SEAL]
        return [*rest, (SEAL, self._of(topic, partition, key, rest, body).encode())]

    def problem(self, topic: str, partition: int, key: bytes | None, headers: Headers | None, body: bytes | None) -> InvalidSeal | None:
        """Why a message must not be believed; None if a member sealed it.

        Example:
            >>> seal = Seal(b"k" * 32, "n")
            >>> head = seal.with_seal("inputs", 0, b"1", [("ce_id", b"1")], b"body")
            >>> seal.problem("inputs", 0, b"1", head, b"body"), str(seal.problem("orders", 0, b"1", head, b"body") or "")[:19]
            (None, 'The seal of this me')
        """
        all = list(headers or ())
        seals = [value for name, value in all if name == SEAL]
        if not seals or body is None:
            return InvalidSeal(_NONE)
        expected_seal = self._of(topic, partition, key or b"", [header for header in all if header[0] != SEAL], body).encode()
        return None if len(seals) == 1 and compare_digest(seals[0] or b"", expected_seal) else InvalidSeal(_WRONG)

    def over(self, *parts: bytes) -> str:
        """The seal of parts that are not a message on a topic (``connectors.kafka.depot``)."""
        return self._digest((b"", *parts))

    def _of(self, topic: str, partition: int, key: bytes, headers: Headers, body: bytes) -> str:
        read = sorted((name.encode(), value or b"") for name, value in headers if name.startswith(_READ))
        parts = (part for pair in read for part in pair)
        return self._digest((topic.encode(), str(partition).encode(), key, *parts, sha256(body).digest()))

    def _digest(self, parts: tuple[bytes, ...]) -> str:
        """The digest of all parts, each with its length before it, so that no two lists of parts give the same bytes."""
        digest = blake2b(_LENGTH.pack(len(parts)), digest_size=SEAL_BYTES, key=self._key, person=b"huimin message")
        for part in parts:
            digest.update(_LENGTH.pack(len(part)))
            digest.update(part)
        return digest.hexdigest()


_NONE = Text(
    "这条消息没有本网络成员的封签，没有读取。请查明还有谁在写这个主题（惠民 0.1 写的消息也没有封签）。",
    "This message has no seal of a member of this network and was not read. Look at who else writes to the topic (Huimin 0.1 makes no "
    "seals).",
)
_WRONG = Text(
    "这条消息的封签不符，没有读取：不是本网络的密钥所作，或被截断、改动，或来自别的主题。请查明还有谁在写这个主题。",
    "The seal of this message does not match, so it was not read: another key made it, or it was cut, changed or taken from another topic. "
    "Look at who else writes to the topic.",
)
