"""Sealed notes: the free text of a clerk about one subject of a policy, as it may stand in a message.

``services.lists.follow_ups`` and exports call it with a key derived from the workspace's. Policy and token are covered by the tag, so that
no note can stand in another's place. Source: docs/en/semantics.md, "Follow-ups"; ``connectors.identity.segments``.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error

from connectors.identity.segments import seal, unseal

NOTE_LENGTH = 2_000
"""The most characters of a note."""


def sealed_note(key: bytes, policy: str, subject: int, text: str) -> str:
    """A note, sealed, in ASCII.

    Args:
        key: of 32 bytes (``infra.keys.derived_key``). subject: the token it is told of.

    Example:
        >>> note = sealed_note(b"k" * 32, "grant", 7, "two steps at the door")
        >>> note_text(b"k" * 32, "grant", 7, note), note_text(b"k" * 32, "grant", 8, note)
        ('two steps at the door', None)
    """
    return b64encode(seal(key, _name(policy, subject), text.encode())).decode()


def note_text(key: bytes, policy: str, subject: int, note: str) -> str | None:
    """The text of a sealed note; None where another key sealed it, or it was changed or put in another's place."""
    try:
        return unseal(key, _name(policy, subject), b64decode(note, validate=True)).decode()
    except (ValueError, Error):
        return None


def _name(policy: str, subject: int) -> str:
    return f"note {policy} {subject:016x}"
