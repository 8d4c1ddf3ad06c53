"""A line of the record of access: what it says, and its canonical bytes.

``connectors.audit.log`` stores lines. The bytes are the JSON Canonicalization Scheme (RFC 8785), so that the same line always has the same
hash, whoever computes it. A line holds no name, number, address or free text of anybody who is looked at.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeAlias

import rfc8785

Kind: TypeAlias = Literal["access", "cut"]
SALTED_BYTES = 16


@dataclass(frozen=True, slots=True)
class ShownBlock:
    """Where the salted digests of the subjects of a line stand in the side file.

    Args:
        at: their first byte; ``sha256``: of all of them.
    """

    at: int
    sha256: str


@dataclass(frozen=True, slots=True)
class AccessLine:
    """One access, or one that was denied.

    Args:
        seq: its number, from 0: its leaf in the tree.
        time: by the clock, with its offset.
        kind: ``cut``: what a stopped writer had left at the end was cut off, ``count`` bytes.
        who: account, or this machine's user where there are no accounts.
        token: the id of the token of a machine.
        via: by which way in: cli, http, ...
        action, also: codes; ``also`` went with it, such as identity.see.
        outcome: allowed or denied.
        approver: of an act of two people.
        policy, version, agency, purpose: whose list it was, and what for.
        agreements: the feeds under whose agreements the policy reads and discloses.
        count: how many subjects were shown or concerned.
        persons: their salted digests, where they are few; else ``block``.
    """

    seq: int
    time: str
    who: str
    via: str
    action: str
    outcome: Literal["allowed", "denied"]
    kind: Kind = "access"
    token: str | None = None
    also: str | None = None
    approver: str | None = None
    policy: str | None = None
    version: int | None = None
    agency: str | None = None
    purpose: str | None = None
    agreements: tuple[str, ...] = ()
    feed: str | None = None
    count: int = 0
    persons: tuple[str, ...] = ()
    block: ShownBlock | None = None


_DEFAULTS = {each.name: each.default for each in fields(AccessLine)}


def canonical_bytes(line: AccessLine) -> bytes:
    """A line as canonical JSON, without its line end; what is None or empty is left out."""
    facts = {name: value for name, value in asdict(line).items() if value != _DEFAULTS[name] or name in ("kind", "count")}
    return bytes(rfc8785.dumps({name: list(value) if isinstance(value, tuple) else value for name, value in facts.items()}))


def line_of(data: bytes) -> AccessLine:
    """A line from its bytes.

    Raises:
        ValueError: they are no line, or not the canonical bytes of one.
    """
    try:
        facts: Mapping[str, Any] = json.loads(data)
        stored = facts.get("block")
        lists = {name: tuple(facts[name]) for name in ("agreements", "persons") if name in facts}
        line = AccessLine(**{**facts, **lists, "block": None if stored is None else ShownBlock(**stored)})
        again = canonical_bytes(line)
    except (TypeError, ValueError, AttributeError, RecursionError, rfc8785.CanonicalizationError) as error:
        raise ValueError("no line of the record of access") from error
    if again != data:
        raise ValueError("not as it was written")
    return line
