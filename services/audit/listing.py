"""The lines of the record of access, to read: all of them, some, or one.

``huimin audit list`` and ``show`` call this. Subjects stand in it as a count: who they were, only ``services.audit.persons`` tells, for one
person at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.workspace.audit import audit_log
from services.audit.verification import no_line

if TYPE_CHECKING:
    from connectors.audit.lines import AccessLine
    from infra.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class RecordedAccess:
    """A line of the record of access.

    Args:
        line: its number, from 0.
        time: by the clock of the machine.
        kind: access; or cut, where a stopped writer had left half a line of ``count`` bytes.
        who: account, or user of the machine; ``token``: the id of a machine's token.
        action, also: codes of actions.
        purpose, agreements: of the policy; the feeds under whose agreements it reads and discloses.
        count: how many subjects were shown or concerned.
    """

    line: int
    time: str
    kind: str
    who: str
    token: str | None
    via: str
    action: str
    also: str | None
    outcome: str
    approver: str | None
    policy: str | None
    version: int | None
    agency: str | None
    purpose: str | None
    agreements: tuple[str, ...]
    feed: str | None
    count: int


@dataclass(frozen=True, slots=True)
class AccessFilter:
    """Which lines are wanted; an empty filter wants all.

    Args:
        since: the first day, as YYYY-MM-DD.
    """

    who: str | None = None
    policy: str | None = None
    action: str | None = None
    since: str | None = None
    denied: bool = False

    def wants(self, line: AccessLine) -> bool:
        """Whether it wants a line."""
        return (
            self.who in (None, line.who) and self.policy in (None, line.policy) and self.action in (None, line.action)
            and (self.since is None or line.time[:10] >= self.since) and (not self.denied or line.outcome == "denied")
        )  # fmt: skip


EVERY_LINE = AccessFilter()


def recorded_accesses(workspace: Workspace, wanted: AccessFilter = EVERY_LINE, last: int | None = None) -> list[RecordedAccess]:
    """The lines that a filter wants, in order.

    Args:
        last: only so many, the newest.

    Raises:
        DamagedStore: a line is not as it was written.
    """
    lines = [recorded_access(line) for line in audit_log(workspace).lines() if wanted.wants(line)]
    return lines if last is None else lines[-last:] if last else []


def line_numbered(workspace: Workspace, number: int) -> RecordedAccess:
    """A line by its number.

    Raises:
        HuiminError: there is none. DamagedStore: a line is not as it was written.
    """
    count = 0
    for line in audit_log(workspace).lines():
        if line.seq == number:
            return recorded_access(line)
        count += 1
    raise no_line(number, count)


def recorded_access(line: AccessLine) -> RecordedAccess:
    """A line, to read."""
    return RecordedAccess(
        line.seq, line.time, line.kind, line.who, line.token, line.via, line.action, line.also, line.outcome, line.approver, line.policy,
        line.version, line.agency, line.purpose, line.agreements, line.feed, line.count,
    )  # fmt: skip


def lines_with(
    workspace: Workspace, digests: frozenset[bytes], of_everybody: Collection[str]
) -> Iterator[tuple[AccessLine, frozenset[bytes]]]:  # fmt: skip
    """The lines that showed or concerned one of these salted digests, with those it did; none of them where it is about everybody.

    Args:
        of_everybody: actions that concern everybody's records at once.

    Raises:
        DamagedStore: a line, or what it showed, is not as it was written.
    """
    from connectors.audit.lines import SALTED_BYTES

    log = audit_log(workspace)
    for line in log.lines():
        if line.action in of_everybody and line.outcome == "allowed":
            yield line, frozenset()
        if not line.persons and line.block is None:
            continue
        data = log.subjects_of(line)
        if data is None:
            raise log.damage_at(line.seq)
        matching = frozenset(digest for digest in digests if _stands_in(data, digest, SALTED_BYTES))
        if matching:
            yield line, matching


def _stands_in(data: bytes, digest: bytes, width: int) -> bool:
    at = data.find(digest)
    while at >= 0 and at % width:
        at = data.find(digest, at + 1)
    return at >= 0
