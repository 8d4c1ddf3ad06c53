"""Recording: each access of a run becomes a line, durable before anything is shown.

A way in makes a ``AuditTrail`` for its runs (``services.access.run``); the service that runs on keeps one open. What cannot be recorded is
refused. Free text that somebody typed is not recorded: a line is never erased, and must name nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from infra.workspace.audit import audit_log
from policies.problems.problems import HuiminError
from policies.values import Text

if TYPE_CHECKING:
    from connectors.audit.lines import AccessLine
    from connectors.audit.log import AuditLog
    from infra.workspace.workspace import Workspace
    from policies.language.tree import Policy
    from services.access.actions import Action
    from services.access.deciding import Actor
    from services.access.run import AccessEvent


class AuditTrail:
    """Writes the events of runs into the record of access of a workspace.

    Args:
        clock: gives the time of a line.
    """

    def __init__(self, workspace: Workspace, clock: Callable[[], datetime]) -> None:
        self._workspace, self._clock = workspace, clock
        self._log: AuditLog | None = None

    def record(self, event: AccessEvent) -> None:
        """Records an event; it is durable when this returns.

        Raises:
            UnrecordedAccess: it could not be recorded.
        """
        from connectors.audit.side_files import UnrecordedAccess

        time = self._clock().isoformat(timespec="seconds")
        try:
            if self._log is None:
                self._log = audit_log(self._workspace)
            self._log.append(lambda number: line_about(event, number, time), event.subjects, lambda number: _cut(event, number, time))
        except UnrecordedAccess:
            raise
        except HuiminError as error:
            raise UnrecordedAccess(error.text) from error
        except OSError as error:
            why = f"{error.filename or self._workspace.root}: {error.strerror or type(error).__name__}"
            raise UnrecordedAccess(Text(why, why)) from error

    def close(self) -> None:
        """Closes its files."""
        if self._log is not None:
            self._log.close()


def record_denial(root: Path, clock: Callable[[], datetime], actor: Actor, action: Action, via: str) -> None:
    """Records that an actor may not do an action to anything; that it cannot be recorded is no reason to allow it."""
    from infra.workspace.workspace import Workspace
    from services.access.run import AccessEvent

    with suppress(HuiminError, OSError):
        trail = AuditTrail(Workspace.open(root), clock)
        try:
            trail.record(AccessEvent(actor, action, via, "denied"))
        finally:
            trail.close()


def line_about(event: AccessEvent, number: int, time: str) -> AccessLine:
    """The line of an event, without its subjects."""
    from connectors.audit.lines import AccessLine

    policy, actor = event.policy, event.actor
    return AccessLine(
        number, time, actor.name, event.via, event.action, event.outcome, token=actor.token, also=event.also, approver=event.approver,
        policy=None if policy is None else policy.name, version=None if policy is None else policy.version,
        agency=None if policy is None else policy.agency, purpose=None if policy is None else policy.purpose,
        agreements=() if policy is None else agreements_of(policy), feed=event.feed,
    )  # fmt: skip


def agreements_of(policy: Policy) -> tuple[str, ...]:
    """The feeds under whose agreements a policy reads or discloses."""
    from policies.language.tree import shown_refs

    return tuple(sorted({*policy.feeds, *(ref.feed for ref in shown_refs(policy))}))


def _cut(event: AccessEvent, number: int, time: str) -> AccessLine:
    from connectors.audit.lines import AccessLine

    return AccessLine(number, time, event.actor.name, event.via, "audit.cut", "allowed", "cut")
