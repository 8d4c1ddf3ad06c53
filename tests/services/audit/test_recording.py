"""Recording: what a line takes from an event, what makes an access fail, and what erasing needs of it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from connectors.accounts.grants import Grant, Role
from connectors.audit.side_files import UnrecordedAccess
from infra.workspace.audit import audit_log, forget_salts
from infra.workspace.workspace import Workspace
from services.access.actions import Action
from services.access.deciding import AccessDenied, Actor, Target, owner
from services.access.run import (
    AccessEvent,
    AccessRun,
    access_run,
    current_run,
    enter_source,
    enter_workspace,
    note_feed,
    passes,
    show,
)
from services.audit.listing import AccessFilter, line_numbered, recorded_accesses
from services.audit.recording import AuditTrail, record_denial
from services.audit.verification import consistency, inclusion, verify

NOW = datetime(2026, 10, 15, 9, tzinfo=timezone(timedelta(hours=8)))
CLERK = Actor("wang", (Grant(Role.CLERK, "310107", "a"),))
STEWARD = Actor("he", (Grant(Role.STEWARD, "310107", "a"),), token="1a2b3c4d")


@pytest.fixture
def trail(example: Workspace) -> AuditTrail:
    return AuditTrail(example, lambda: NOW)


def test_a_run_records_what_services_tell_it(example: Workspace, trail: AuditTrail) -> None:
    """Each with the actor, the token, the action; a target out of reach is a denial, recorded once; outside of a run nothing is."""
    show(None, [1])
    with access_run(AccessRun(STEWARD, Action.TAKE_IN, "http", trail.record)) as run:
        enter_source("hukou", "a")
        note_feed("hukou")
        show(None, range(9))
        assert passes(Target(unit="a")) and not passes(Target(unit="b"))
        with pytest.raises(AccessDenied):
            enter_source("hukou", "b")
        assert current_run() is run
    assert current_run() is None

    lines = recorded_accesses(example)
    assert [(line.who, line.token, line.via, line.action, line.outcome, line.feed, line.count) for line in lines] == [
        ("he", "1a2b3c4d", "http", "delivery.take_in", "allowed", "hukou", 0), ("he", "1a2b3c4d", "http", "delivery.take_in", "allowed", None, 9),
        ("he", "1a2b3c4d", "http", "delivery.take_in", "denied", "hukou", 0),
    ]  # fmt: skip
    assert {line.time for line in lines} == {"2026-10-15T09:00:00+08:00"}
    assert line_numbered(example, 1) == lines[1]
    assert [line.line for line in recorded_accesses(example, AccessFilter(denied=True))] == [2]


def test_an_action_of_no_role_opens_no_run(example: Workspace, trail: AuditTrail) -> None:
    """And is on record; so is what the front denies by itself."""
    with pytest.raises(AccessDenied), access_run(AccessRun(CLERK, Action.WRITE_ACCOUNTS, "cli", trail.record)):
        pytest.fail("it was opened")
    record_denial(example.root, lambda: NOW, CLERK, Action.READ_AUDIT, "http")

    assert [(line.action, line.via, line.outcome) for line in recorded_accesses(example)] == [
        ("account.write", "cli", "denied"), ("audit.read", "http", "denied"),
    ]  # fmt: skip


def test_an_owner_is_recorded_and_reaches_everything(example: Workspace, trail: AuditTrail) -> None:
    """Where there are no accounts the record is kept all the same."""
    with access_run(AccessRun(owner("root"), Action.READ_LIST, "cli", trail.record)):
        enter_workspace()
        enter_source("hukou", "anybody")
        show(None, [7])

    assert [(line.who, line.count) for line in recorded_accesses(example)] == [("root", 1)]


@pytest.mark.parametrize("damage", ["folder", "log", "tree", "salts"])
def test_what_cannot_be_recorded_is_an_error_before_anything_is_shown(example: Workspace, damage: str) -> None:
    """With the file or the reason in the message; a denial stays a denial."""
    AuditTrail(example, lambda: NOW).record(AccessEvent(CLERK, Action.READ_LIST, "cli", "allowed", subjects=tuple(range(9))))
    audit = example.root / "audit"
    match damage:
        case "folder":
            audit.rename(example.root / "gone")
            audit.write_text("x")
        case "log":
            (audit / "log.jsonl").write_bytes(b"")
        case "tree":
            (audit / "tree").write_text("{}")
        case "salts":
            (audit / "salts.sqlite").unlink()
    trail = AuditTrail(example, lambda: NOW)

    with access_run(AccessRun(CLERK, Action.READ_LIST, "cli", trail.record)):
        with pytest.raises(UnrecordedAccess, match="Access refused") as refused:
            show(None, range(9))
        with pytest.raises(AccessDenied):
            enter_source("hukou", "b")
    assert refused.value.exit_code == 1 and "audit" in refused.value.text.en


def test_erasing_names_the_salts_that_it_could_not_reach(example: Workspace, trail: AuditTrail) -> None:
    """Nothing is left where there is no record, or no salt."""
    assert forget_salts(example, [1]) == []
    trail.record(AccessEvent(CLERK, Action.READ_LIST, "cli", "allowed"))
    assert forget_salts(example, [1]) == []
    trail.record(AccessEvent(CLERK, Action.READ_LIST, "cli", "allowed", subjects=(1, 2)))
    trail.close()
    assert forget_salts(example, [1]) == []
    assert audit_log(example).salts().digest(1) is None and audit_log(example).salts().digest(2) is not None

    (example.root / "audit" / "salts.sqlite").write_bytes(b"x" * 4096)
    assert forget_salts(example, [2]) == ["audit/salts.sqlite"]


def test_an_empty_record_is_whole_and_has_no_proofs(example: Workspace) -> None:
    from policies.problems.problems import HuiminError

    assert (verify(example).lines, verify(example).ok) == (0, True)
    with pytest.raises(HuiminError):
        inclusion(example, 0)
    with pytest.raises(HuiminError):
        consistency(example, 1)
    assert recorded_accesses(example) == [] and not Path(example.root / "audit").exists()
