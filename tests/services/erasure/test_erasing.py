"""The erasure of a person: they are found everywhere before, nowhere after, by each file's own reader; all else is as it was."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

import services.erasure.erasing as erasing
from connectors.analysts.snapshot import verify_snapshot
from infra.workspace.erasing_note import NOTE, has_unfinished_erasure
from infra.workspace.workspace import Workspace
from policies.problems.problems import HuiminError
from services.erasure.erasure import Erasure, erasures
from services.lists.evidence import check_evidence
from services.state.as_of import core, materialized_list
from streams.embedded.host import EmbeddedHost
from streams.host import Host
from streams.language.errors import NotKept, Refusal
from streams.language.messages import CheckAnswered, CoverageStated, IdentityMerged, IdentitySplit, OutcomeReported, Tick
from streams.lists.editions import edition_problems, fold
from streams.steps.state import State
from tests.services.erasure import canary
from tests.services.erasure.canary import ALLOWANCE, START, UNINSURED
from tests.shared_worlds import built_once
from tests.streams.world import child_environment

PEOPLE = ("王芳", "李强", "R1")
PLACES_BEFORE = {
    ".sqlite raw", ".sqlite inputs", ".sqlite outputs", ".snapshot raw", ".snapshot meta", ".snapshot arrays", "vault rows", ".csv raw",
    ".csv.gz opened", ".csv.zst opened", ".zip members", ".xlsx members", ".xlsx cells", ".jsonl raw", ".json raw", ".parquet rows",
    ".duckdb tables", ".duckdb raw",
}  # fmt: skip
"""The places of the person before, by kind of file and reader."""
FORMS_BEFORE = {
    "number",
    "name",
    "employer",
    "hex",
    "decimal",
    "little",
    *(f"key hash {feed}" for feed in ("medical_insurance", "workplace", "pension")),
}
"""The traces that a workspace stores in some form; it should never store the others."""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace.open(built_once(tmp_path_factory, "canary", canary.build) / "w")


@pytest.fixture
def workspace(original: Workspace, tmp_path: Path) -> Workspace:
    """A copy to erase the person from, without a snapshot."""
    return canary.copy_of(original, tmp_path / "w")


def lists_and_reasons(state: State, but: int) -> dict[str, Any]:
    """Lists and explanations of everybody else."""
    matcher = core(state)
    out: dict[str, Any] = {}
    for policy in (UNINSURED, ALLOWANCE):
        listed = [c for c in matcher.candidates(policy, every=True) if c.subject != but]
        out[policy] = [(c, matcher.verdict(policy, c.subject), repr(_why(matcher.explain(policy, c.subject)))) for c in listed]
    return out


def _why(explanation: Any) -> tuple[Any, ...]:
    return explanation.subject, explanation.verdict, explanation.criteria, explanation.register


def lines(host: Host, but: int) -> list[Any]:
    return [change for change in host.outputs() if change.subject != but]


def erase_canary(workspace: Workspace) -> Erasure:
    return erasing.erase_person(workspace, canary.token_of(workspace), *PEOPLE)


def test_the_person_is_everywhere_before_and_nowhere_after(original: Workspace, workspace: Workspace) -> None:
    """Before, the reader of every kind of file finds the person, in all stored forms; after, no reader finds them in any file."""
    canary.add_snapshot(original, workspace)
    sought = canary.needles(workspace)
    before = canary.search(workspace, sought)
    assert set(before) >= PLACES_BEFORE, PLACES_BEFORE - set(before)
    assert set.union(*before.values()) >= FORMS_BEFORE

    erasure = erase_canary(workspace)

    assert canary.search(workspace, sought) == {}
    assert erasure.lists == {UNINSURED: "eligible", ALLOWANCE: "eligible"} or UNINSURED in erasure.lists
    assert erasure.left == ()
    assert erasure.vault > 0
    assert erasure.removed == 1, "a checkpoint of the time when somebody was merged into the person"
    assert [(entry.day, entry.by, entry.approved_by, entry.reason) for entry in erasures(workspace)] == [(erasure.day, *PEOPLE)]
    assert erasing.finish_erasure(workspace) is None


def test_the_outcomes_of_the_person_go_with_them(workspace: Workspace) -> None:
    """The outcome and its overlay leave the state, its checkpoints and the log."""
    token, sought = canary.token_of(workspace), canary.needles(workspace)
    with workspace.writing() as host:
        host.submit(OutcomeReported(UNINSURED, token, "declined", host.state.day, "the agency"))
        other = next(c.subject for c in core(host.state).candidates(ALLOWANCE) if c.subject != token)
        host.submit(OutcomeReported(ALLOWANCE, other, "declined", host.state.day, "the agency"))
        host.write_checkpoint()
        assert token in host.state.book.overlays_of(UNINSURED)

    erase_canary(workspace)

    assert canary.search(workspace, sought) == {}
    with workspace.writing() as host:
        assert [finding.subject for finding in host.state.outcomes] == [other]
        assert {name: set(of) for name, of in host.state.book.overlays.items()} == {ALLOWANCE: {other}}
        for name in (UNINSURED, ALLOWANCE):
            assert host.state.book.sizes[name] == len(materialized_list(host.state, name))
        with pytest.raises(Refusal):
            host.submit(OutcomeReported(UNINSURED, token, "declined", host.state.day, "the agency"))
    for path in (workspace.folder("state") / "snapshots").iterdir():
        path.unlink()
    with workspace.reading() as host:
        assert [finding.subject for finding in host.state.outcomes] == [other]
        assert {name: set(of) for name, of in host.state.book.overlays.items()} == {ALLOWANCE: {other}}


def test_everything_else_is_as_it_was(workspace: Workspace) -> None:
    """Lists, explanations, lines and their ids, offsets; from the open state, from the snapshots, and folded again from the first message."""
    token = canary.token_of(workspace)
    with workspace.reading() as host:
        before, lines_before, offset = lists_and_reasons(host.state, token), lines(host, token), host.state.offset
        past = lists_and_reasons(host.at(offset - 4), token)

    erase_canary(workspace)

    with workspace.reading() as host:
        assert host.state.offset == offset + 1
        assert lists_and_reasons(host.state, token) == before
        assert lines(host, token) == lines_before
        assert lists_and_reasons(host.at(offset - 4), token) == past
        assert token not in {c.subject for c in core(host.at(offset - 4)).candidates(UNINSURED)}
    for path in (workspace.folder("state") / "snapshots").iterdir():
        path.unlink()
    with workspace.reading() as host:
        assert host.state.offset == offset + 1
        assert lists_and_reasons(host.state, token) == before


def test_the_state_is_that_without_the_rows_of_the_person(workspace: Workspace, tmp_path: Path) -> None:
    """The same world delivered without the person: the same lists and verdicts."""
    token = canary.token_of(workspace)
    (tmp_path / "other").mkdir()
    other = canary.workspace_with_person(tmp_path / "other", (workspace.root / "secret.key").read_text(encoding="ascii"), with_person=False)

    erase_canary(workspace)

    with workspace.reading() as host, other.reading() as without:
        ours, theirs = lists_and_reasons(host.state, token), lists_and_reasons(without.state, token)
    assert {p: [row[:2] for row in rows] for p, rows in ours.items()} == {p: [row[:2] for row in rows] for p, rows in theirs.items()}


def test_editions_stay_as_they_were_closed(original: Workspace, workspace: Workspace) -> None:
    """Numbers, digests and the chain stay; the person's lines are blank; evidence and a snapshot fit, and so do later editions."""
    snapshot = canary.add_snapshot(original, workspace)
    token = canary.token_of(workspace)
    with workspace.reading() as host:
        before = {policy: list(host.editions(policy)) for policy in (UNINSURED, ALLOWANCE)}
    person_lines = {
        policy: [sum(c.subject == token for c in edition.changes) for edition in of_policy] for policy, of_policy in before.items()
    }
    assert sum(person_lines[UNINSURED]) > 0

    erase_canary(workspace)
    with workspace.writing() as host:
        host.submit(Tick(START + timedelta(12)))

    with workspace.reading() as host:
        for policy, closed in before.items():
            now = list(host.editions(policy))
            assert [edition.manifest.digest for edition in now[: len(closed)]] == [edition.manifest.digest for edition in closed]
            assert [edition.manifest.erased for edition in now[: len(closed)]] == person_lines[policy]
            assert list(edition_problems(now)) == []
            assert len(now) > len(closed) or policy == ALLOWANCE
            assert [c for edition in now[: len(closed)] for c in edition.changes] == [
                c for edition in closed for c in edition.changes if c.subject != token
            ]
            listed = fold(c for edition in now for c in edition.changes)
            assert set(listed) == {c.subject for c in core(host.state).candidates(policy)}
        listed = {}
        for edition in host.editions(UNINSURED):
            listed = fold(edition.changes, listed)
            path = workspace.folder("exports") / f"{UNINSURED}-{edition.number}.evidence.jsonl"
            if path.exists():
                assert check_evidence(path, host, [(edition, listed)]) == (edition.number, True)
    assert verify_snapshot(snapshot)


def test_later_rows_about_the_person_are_counted_and_not_kept(workspace: Workspace, tmp_path: Path) -> None:
    """Rows are blank, a list names nobody, the vault takes nothing; answers and corrections that name the person are refused."""
    token, sought = canary.token_of(workspace), canary.needles(workspace)
    erase_canary(workspace)

    with workspace.writing() as host:
        report = canary.deliver_text(workspace, host, tmp_path, "hukou", canary.HUKOU + canary.register(7) + canary.register(30))
        host.submit(CoverageStated("s-later", "workplace", 0, None, (token, 5), date(2026, 10, 5)))
        host.submit(CoverageStated("s-later", "workplace", 0, None, (token, 5), date(2026, 10, 5)))
        for message in (
            CheckAnswered(ALLOWANCE, token, "applies", True), IdentityMerged("person", token, 5, "x", "A", "B"),
            IdentityMerged("person", 5, token, "x", "A", "B"), IdentitySplit("person", 5, token, (("hukou", 0, 5),), "x", "A", "B"),
        ):  # fmt: skip
            with pytest.raises(Refusal):
                host.submit(message)
        assert token not in set(core(host.state).persons().tolist())
        host.write_checkpoint()

    assert (report.rows, report.erased) == (2, 1)
    assert canary.search(workspace, sought) == {}


class ErasureStop(Exception):
    """The process ends here."""


STEPS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "noted": lambda m: m.setattr(EmbeddedHost, "submit", _stop),
    "decided": lambda m: m.setattr("connectors.erasure.copies.scrub_copies", _stop),
    "copies": lambda m: m.setattr("connectors.identity.vault.Vault.erase", _stop),
    "vault": lambda m: m.setattr(EmbeddedHost, "scrub", _stop),
    "snapshots": lambda m: m.setattr("streams.erasure.scrub._inputs", _stop),
    "inputs": lambda m: m.setattr("streams.erasure.scrub._outputs", _stop),
    "log": lambda m: m.setattr("streams.store.log.Log.pack", _stop),
    "packed": lambda m: m.setattr("streams.store.log.Log.finish_erasure", _stop),
    "finished": lambda m: m.setattr("services.erasure.erasing.remove_note", _stop),
}
"""The steps before which it may be stopped."""


def _stop(*_: Any, **__: Any) -> Any:
    raise ErasureStop


@pytest.mark.parametrize("where", STEPS)
def test_whoever_is_stopped_finishes_later(original: Workspace, workspace: Workspace, where: str) -> None:
    """Between any two steps: no past is answered and nothing written until it is finished; then all is as if it had not stopped."""
    if where in ("decided", "copies"):  # before and after the only step that reads a snapshot
        canary.add_snapshot(original, workspace)
    token, sought = canary.token_of(workspace), canary.needles(workspace)
    with workspace.reading() as host:
        before, lines_before, offset = lists_and_reasons(host.state, token), lines(host, token), host.state.offset
    with pytest.MonkeyPatch.context() as patch:
        STEPS[where](patch)
        with pytest.raises(ErasureStop):
            erase_canary(workspace)

    assert has_unfinished_erasure(workspace)
    with pytest.raises(HuiminError):
        erase_canary(workspace)
    if where not in ("noted", "finished"):
        with workspace.reading() as host, pytest.raises(NotKept):
            host.at(offset - 4)
        with workspace.writing() as host, pytest.raises(Refusal):
            host.submit(Tick(START + timedelta(9)))
    erasing.finish_erasure(workspace)

    assert not has_unfinished_erasure(workspace)
    assert canary.search(workspace, sought) == {}
    with workspace.reading() as host:
        assert lists_and_reasons(host.state, token) == before
        assert lines(host, token) == lines_before
        assert host.state.offset == offset + 1
        assert list(edition_problems(host.editions(UNINSURED))) == []


CHILD = """
import os, sys
from pathlib import Path
import services.erasure.erasing as erasing
from services.erasure.erasure import Erasure, erasures
from infra.workspace.workspace import Workspace
import streams.disk.files, streams.erasure.scrub
where, root, token = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
def end(*_, **__): os._exit(9)
flush = streams.disk.files.sync
def ends(path): end() if {"note": "erasing.sealed", "export": "list.csv"}.get(where, "/") in path.name else flush(path)
streams.disk.files.sync = ends
if where == "transaction": streams.erasure.scrub._manifests_as_closed = end
if where == "snapshot": streams.disk.files.sync_folder = end
erasing.erase_person(Workspace.open(root), token, "A", "B", "R1")
"""


@pytest.mark.parametrize("where", ["note", "export", "transaction", "snapshot"])
def test_a_process_that_ends_at_once(workspace: Workspace, where: str) -> None:
    """Within a file, a transaction, a snapshot: nothing is cleaned up; whoever goes on finishes all the same."""
    token, sought = canary.token_of(workspace), canary.needles(workspace)
    with workspace.reading() as host:
        before, lines_before = lists_and_reasons(host.state, token), lines(host, token)
    line = [sys.executable, "-c", CHILD, where, str(workspace.root), str(token)]
    assert subprocess.run(line, env=child_environment(), check=False, capture_output=True).returncode == 9

    erasing.finish_erasure(workspace)
    if where == "note":  # it ended before it was decided: there was no note yet
        erase_canary(workspace)

    assert canary.search(workspace, sought) == {}
    with workspace.reading() as host:
        assert lists_and_reasons(host.state, token) == before
        assert lines(host, token) == lines_before


@pytest.mark.parametrize("where", ["copies", "snapshots", "packed"])
def test_an_erasure_whose_note_is_lost_is_finished_too(workspace: Workspace, where: str) -> None:
    """A copy of the folder was put back without it: the log names the person, as long as anything in it is about them."""
    sought = canary.needles(workspace)
    with pytest.MonkeyPatch.context() as patch:
        STEPS[where](patch)
        with pytest.raises(ErasureStop):
            erase_canary(workspace)
    (workspace.folder("identity") / NOTE).unlink()

    assert erasing.finish_erasure(workspace) is not None

    assert canary.search(workspace, sought) == {}
    with workspace.writing() as host:
        host.submit(Tick(START + timedelta(9)))
    assert erasing.finish_erasure(workspace) is None


def test_what_is_refused_changes_nothing(workspace: Workspace) -> None:
    """One person alone, no reason, nobody known, part of a correction in force."""
    token, other = canary.token_of(workspace), canary.token_of(workspace, canary.resident(3))
    with workspace.writing() as host:
        host.submit(IdentityMerged("person", other, token, "same", "王芳", "李强"))
        offset = host.state.offset
    sought = canary.needles(workspace)
    before = canary.search(workspace, sought)

    for whom, people in (
        (token, PEOPLE),
        (other, PEOPLE),
        (12345, PEOPLE),
        (token, ("王芳", "王芳", "R1")),
        (token, ("王芳", "李强", " ")),
    ):
        with pytest.raises(HuiminError):
            erasing.erase_person(workspace, whom, *people)
        assert not has_unfinished_erasure(workspace)

    assert canary.search(workspace, sought) == before
    with workspace.reading() as host:
        assert host.state.offset == offset


def test_a_second_person_is_erased_too(workspace: Workspace) -> None:
    """Manifests that were kept once stay; the same erasure again does nothing."""
    first = erase_canary(workspace)
    other = canary.token_of(workspace, canary.resident(5))

    second = erasing.erase_person(workspace, other, *PEOPLE)
    again = erase_canary(workspace)

    assert again.already and not first.already and not second.already
    sought = canary.needles(workspace, canary.resident(5))
    sought = {what: needle for what, needle in sought.items() if what in ("number", "hex", "decimal", "little", "big")}
    assert canary.search(workspace, sought) == {}
    with workspace.reading() as host:
        assert len(host.state.erasures) == 2
        assert list(edition_problems(host.editions(UNINSURED))) == list(edition_problems(host.editions(ALLOWANCE))) == []
        assert sum(edition.manifest.erased for edition in host.editions(UNINSURED)) >= 1


def test_a_log_that_no_longer_begins_at_its_first_message(workspace: Workspace) -> None:
    """Where inputs were pruned, the snapshots alone hold who was there before: they are written anew, and the past stays askable."""
    token, sought = canary.token_of(workspace), canary.needles(workspace)
    (workspace.root / "retention").write_text("0", encoding="utf-8")
    with workspace.writing() as host:
        host.write_checkpoint()
    with workspace.reading() as host:
        before = lists_and_reasons(host.state, token)

    erase_canary(workspace)

    assert canary.search(workspace, sought) == {}
    with workspace.reading() as host:
        assert lists_and_reasons(host.state, token) == before
        assert json.dumps(host.state.meta())
