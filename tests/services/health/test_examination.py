"""What an examination finds, and that writers say what it would find."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from console.text.health import finding_in_words
from infra.workspace.workspace import Workspace
from policies.values import Text
from services.health.examination import examine_workspace
from services.health.finding import Finding, WaitingHold
from services.lists.holds import HeldDays, HeldList, HoldSummary
from streams.language.errors import NoRoom
from streams.language.messages import Tick
from streams.store import checkpoints

DAY = date(2026, 10, 15)


def findings_by_code(workspace: Workspace, today: date = DAY, deep: bool = False) -> dict[str, Finding]:
    """Findings by their code; the last where there are several."""
    return {finding.code: finding for finding in map(finding_in_words, examine_workspace(workspace, {}, today, deep))}


def test_a_new_workspace_lacks_only_records(example: Workspace) -> None:
    """Every other part is in order; each says it in both languages."""
    every = findings_by_code(example, deep=True)

    assert {code for code, finding in every.items() if finding.level != "ok"} <= {"state", "disk"}
    assert every["state"].level == "warning" and all(finding.message.zh != finding.message.en for finding in every.values())


def test_a_part_that_fails_is_a_finding_and_the_others_are_looked_at(example: Workspace) -> None:
    """A key that others can read, and units that are none."""
    (example.root / "secret.key").chmod(0o644)
    (example.root / "feeds" / "pension.yaml").write_text("feed: pension\n", encoding="utf-8")

    every = examine_workspace(example, {}, DAY)

    wrong = [finding.message.en for finding in every if isinstance(finding, Finding) and finding.level == "error"]
    assert any("secret.key" in text for text in wrong) and any("pension.yaml" in text for text in wrong)
    assert findings_by_code(example)["versions"].level == "ok"


def test_a_day_that_is_behind_says_so(example: Workspace) -> None:
    """And what to run; a clock that is far behind the state is a finding of its own."""
    with example.writing() as host:
        host.submit(Tick(DAY))

    assert findings_by_code(example, date(2026, 10, 18))["day"].message.en == "the day is 3 days behind"
    assert findings_by_code(example, date(2026, 1, 1))["clock"].level == "warning"
    assert "day" not in findings_by_code(example)


def test_a_checkpoint_that_cannot_be_written_is_said(example: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whoever wrote, at the end; what was submitted is there."""
    messages: list[Text] = []
    workspace = Workspace.open(example.root, {}, messages.append)
    monkeypatch.setattr("infra.workspace.workspace.CLOSING_ROWS", 0)

    def full(*arguments: object) -> Path:
        raise NoRoom(Text("磁盘已满", "the disk is full"))

    monkeypatch.setattr(checkpoints, "write", full)
    with workspace.writing() as host:
        host.submit(Tick(DAY))

    assert ["checkpoint could not be written" in text.en and "the disk is full" in text.en for text in messages] == [True]
    with example.reading() as host:
        assert host.state.day == DAY


def test_a_checkpoint_that_cannot_be_read_is_a_finding(example: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state is what the log says; the next writer says it, too, and puts the file aside."""
    monkeypatch.setattr("infra.workspace.workspace.CLOSING_ROWS", 0)
    with example.writing() as host:
        host.submit(Tick(DAY))
    monkeypatch.undo()
    (checkpoint,) = (example.root / "state" / "snapshots").iterdir()
    checkpoint.write_bytes(checkpoint.read_bytes()[:-70] + bytes(70))

    every = findings_by_code(example)

    assert every["checkpoint"].level == "warning" and every["state"].level == "ok"
    messages: list[Text] = []
    with Workspace.open(example.root, {}, messages.append).writing() as host:
        assert host.state.day == DAY
    assert len(messages) == 1 and checkpoint.name in messages[0].en


def test_a_hold_that_waits_is_put_into_words() -> None:
    """With what it is about, how many it keeps back, since when, and what to run."""
    lists = (HeldList("elderly", "exits", 30, Text("老人", "the elderly"), "person"),)
    event = HeldDays((Text("医保", "insurance"),))
    hold = HoldSummary("h1", "day", "medical_insurance", DAY, "undecided", None, "", "", "", lists, event)

    finding = finding_in_words(WaitingHold(hold, 3))

    assert (finding.level, finding.code) == ("warning", "held") and finding.todo is not None
    assert "undecided for 3 days" in finding.message.en and "30 people off the list the elderly" in finding.message.en
    assert "huimin holds show h1" in finding.todo.zh


def test_accounts_and_the_record_of_access_are_looked_at(example: Workspace) -> None:
    """A workspace without them says nothing; a torn file, an operator who cannot sign in, a unit that is not there, half a line are findings."""
    from datetime import UTC, datetime

    from connectors.accounts.grants import grant_of
    from services.access.account_book import opened_book
    from services.access.accounts import add_account
    from services.access.actions import Action
    from services.access.deciding import owner
    from services.access.run import AccessEvent
    from services.audit.recording import AuditTrail

    now = datetime(2026, 10, 15, tzinfo=UTC)
    assert {"accounts", "audit"} & findings_by_code(example).keys() == set()
    trail = AuditTrail(example, lambda: now)
    for number in range(3):
        trail.record(AccessEvent(owner("root"), Action.READ_LIST, "cli", "allowed", subjects=tuple(range(10 * number))))
    trail.close()
    with opened_book(example.root) as book:
        add_account(book, owner("root"), "ops", "", [grant_of("operator:310107")], now)
        assert findings_by_code(example)["accounts"].level == "ok"
        wrong = [
            f.message.en for f in map(finding_in_words, examine_workspace(example, {}, DAY)) if f.code == "accounts" and f.level == "error"
        ]
        assert wrong == ["no operator can sign in"]
        book.store.map_os_user("ops", "root")
        add_account(book, owner("root"), "wang", "", [grant_of("clerk:310107:gone")], now)
    every = [finding_in_words(finding) for finding in examine_workspace(example, {}, DAY)]
    assert [f.message.en for f in every if f.code == "accounts"] == [
        "the grant clerk:310107:gone of 'wang': there is no such unit",
        "2 accounts, of operators 1",
    ]
    assert findings_by_code(example)["audit"].message.en == "the record of access has 3 lines"
    assert findings_by_code(example, deep=True)["audit"].message.en == "the 3 lines of the record of access are as they were written"

    (example.root / "accounts.sqlite").write_bytes(b"SQLite format 3\0" + b"x" * 4096)
    log = example.root / "audit" / "log.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"cli"', b'"clj"', 1) + b'{"half')
    codes = [
        (f.code, f.level) for f in map(finding_in_words, examine_workspace(example, {}, DAY, deep=True)) if f.code in ("accounts", "audit")
    ]
    assert codes == [("accounts", "error"), ("audit", "warning"), ("audit", "error")]
