"""The drop folder: finished files are taken in once, whatever happens, and put away with a receipt that shows nobody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from infra.workspace.workspace import Workspace
from policies.problems.problems import HuiminError
from policies.values import Text
from services.deliveries import drop_folder
from services.deliveries.drop_folder import Pickup, pickup
from services.deliveries.statuses import deliveries_of
from tests.console.town import PENSION, resident

DAY = date(2026, 10, 15)
SOUND = "".join(f"P{serial},{resident(serial)},2020-01-01,,900\n" for serial in range(3))
BROKEN = f"Q1,{resident(4)},2020-01-01,,x\nQ2,nobody,2020-01-01,,9\n"


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def dropping(example: Workspace) -> Workspace:
    """A workspace with a drop folder, in which a file counts as finished after ten seconds."""
    (example.root / "ways_in.yaml").write_text("format: 1\ndrop: {}\n", encoding="utf-8")
    return example


def drop(workspace: Workspace, name: str, rows: str = SOUND, feed: str = "pension", age: float = 60) -> Path:
    """A file in the folder of a feed, last changed so many seconds ago by the clock that ``go_round`` gives."""
    path = workspace.root / "drop" / feed / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((PENSION + rows).encode("gb18030"))
    stamp = path.stat().st_ctime - 100
    os.utime(path, (stamp, stamp))
    return path


def go_round(workspace: Workspace, later: float = 60) -> Pickup:
    """One round, so many seconds after the last change of any file."""
    stamps = [path.lstat().st_ctime for path in (workspace.root / "drop").rglob("*")] or [0.0]
    return pickup(workspace, DAY, max(stamps) + later, trust=lambda today, day: False, notify=lambda hold: None)


def contents(workspace: Workspace) -> dict[str, list[str]]:
    """The names in the folder of pensions, in ``done`` and in ``refused``."""
    folder = workspace.root / "drop" / "pension"
    return {name or ".": sorted(path.name for path in (folder / name).glob("*") if path.is_file()) for name in ("", "done", "refused")}


def test_a_finished_file_is_taken_in_and_put_away_with_its_receipt(dropping: Workspace) -> None:
    """The receipt names delivery, rows, and place and reason of each broken cell; no cell."""
    drop(dropping, "a.csv", SOUND + BROKEN)

    result = go_round(dropping)

    (file,) = result.files
    assert (file.feed, file.unit, file.outcome, file.delivery, file.rows, file.quarantined, file.unplaced) == (
        "pension", "putuo-social-security", "taken_in", 1, 5, 1, 1,
    )  # fmt: skip
    assert contents(dropping) == {".": [], "done": ["a.csv", "a.csv.receipt.json", "a.csv.receipt.txt"], "refused": []}
    receipt = json.loads(Path(file.receipt).read_text(encoding="utf-8"))
    assert (receipt["number"], receipt["rows"], receipt["received"], receipt["outcome"]) == (1, 5, "2026-10-15", "taken_in")
    assert [(cell["line"], cell["column"], cell["rule"]) for cell in receipt["cells"]] == [
        (5, "amount", "number"),
        (6, "id_number", "length"),
    ]
    text = Path(file.receipt.replace(".json", ".txt")).read_text(encoding="utf-8")
    assert "第 1 批" in text and "Delivery 1 (blake2b-" in text and "line 5, cell 5, column amount" in text
    assert all(secret not in text + json.dumps(receipt) for secret in (resident(4), "nobody,", "Q1"))
    assert [(d.number, d.file, d.stage) for d in deliveries_of(dropping)] == [(1, "a.csv", "void")]


def test_the_same_content_again_changes_nothing(dropping: Workspace) -> None:
    """Under any name; its receipt says when it came, and nothing in ``done`` is written over."""
    drop(dropping, "a.csv")
    go_round(dropping)
    drop(dropping, "a.csv")

    (file,) = go_round(dropping).files

    assert (file.outcome, file.delivery, file.rows) == ("repeated", 1, 3)
    assert contents(dropping)["done"] == [
        "a.2.csv", "a.2.csv.receipt.json", "a.2.csv.receipt.txt", "a.csv", "a.csv.receipt.json", "a.csv.receipt.txt",
    ]  # fmt: skip
    assert len(deliveries_of(dropping)) == 1


def test_a_refused_file_goes_aside_with_the_reason_and_others_are_taken_in(dropping: Workspace) -> None:
    """What is wrong with one file is no matter of the next; nothing of the refused one is left in the state."""
    wrong = drop(dropping, "wrong.csv")
    wrong.write_text("a,b\n1,2\n", encoding="utf-8")
    drop(dropping, "x.csv")

    result = go_round(dropping)

    assert {(file.file, file.outcome, file.delivery) for file in result.files} == {("wrong.csv", "refused", None), ("x.csv", "taken_in", 1)}
    assert contents(dropping)["refused"] == ["wrong.csv", "wrong.csv.receipt.json", "wrong.csv.receipt.txt"]
    receipt = json.loads((dropping.root / "drop/pension/refused/wrong.csv.receipt.json").read_text(encoding="utf-8"))
    assert "缺少列" in receipt["reason"]["zh"] and "has no column" in receipt["reason"]["en"]


def make_link(path: Path) -> None:
    """Put a link in the place of a file."""
    path.rename(path.with_name("real"))
    path.symlink_to("real")


def make_pipe(path: Path) -> None:
    """Put a pipe in the place of a file."""
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("prepare", "why"),
    [
        (lambda path: None, "it changed just now"),
        (lambda path: path.rename(path.with_name("a.csv.part")), None),
        (lambda path: path.rename(path.with_name(".a.csv")), None),
        (lambda path: path.rename(path.with_name("a.csv~")), None),
        (lambda path: path.rename(path.with_name("a.TMP")), None),
        (make_link, "a link or a device"),
        (make_pipe, "a link or a device"),
    ],
)
def test_a_file_that_is_not_finished_stays(dropping: Workspace, prepare: Callable[[Path], Any], why: str | None) -> None:
    """Files that changed just now are named with the reason; those whose names say it are left without a word."""
    prepare(drop(dropping, "a.csv"))

    result = go_round(dropping, later=5 if why == "it changed just now" else 60)

    assert [file for file in result.files if file.file.startswith("a")] == [] and not (dropping.root / "drop/pension/done/a.csv").exists()
    assert [waiting.why.en for waiting in result.waiting if why and why in waiting.why.en] != [] or (why is None and result.waiting == ())


def test_a_copy_with_the_time_of_its_original_is_not_taken_for_an_old_file(dropping: Workspace) -> None:
    """A program may set the time of writing back, but not the time of change."""
    drop(dropping, "a.csv")  # written a hundred seconds before its last change, by its own stamp

    assert go_round(dropping, later=9.9).files == () and len(go_round(dropping, later=10).files) == 1


@pytest.mark.skipif(not Path("/proc/self/fdinfo").is_dir(), reason="this system does not say who has a file open")
def test_a_file_that_a_program_has_open_to_write_stays(dropping: Workspace) -> None:
    """However long ago it changed; once the program has closed it, it is taken in."""
    path = drop(dropping, "a.csv")
    words = [sys.executable, "-c", "import sys; f = open(sys.argv[1], 'ab'); print('open', flush=True); sys.stdin.read()", str(path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None and writer.stdout.readline() == "open\n"
        during = go_round(dropping)
        writer.communicate("")

    assert during.files == () and ["a program has it open to write"] == [waiting.why.en for waiting in during.waiting]
    assert [file.outcome for file in go_round(dropping).files] == ["taken_in"]


STEPS = ("deliver", "receipt_of", "write_receipt", "put_away before", "put_away after")


@pytest.mark.parametrize("step", STEPS)
def test_a_stop_at_any_step_repeats_or_continues_and_never_doubles(dropping: Workspace, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """The next round ends as one without a stop: one delivery, the file in ``done`` with one receipt, nothing beside."""
    drop(dropping, "a.csv", SOUND + BROKEN)
    real_put_away = __import__("connectors.pickup.drop_folder", fromlist=["put_away"]).put_away

    def crash(*words: Any, **more: Any) -> Any:
        if step == "put_away after":
            real_put_away(*words)
        raise Crash

    place = "connectors.pickup.drop_folder.put_away" if step.startswith("put_away") else f"services.deliveries.drop_folder.{step}"
    with monkeypatch.context() as patch:
        patch.setattr(place, crash)
        with pytest.raises(Crash):
            go_round(dropping)
    go_round(dropping)

    assert contents(dropping) == {".": [], "done": ["a.csv", "a.csv.receipt.json", "a.csv.receipt.txt"], "refused": []}
    receipt = json.loads((dropping.root / "drop/pension/done/a.csv.receipt.json").read_text(encoding="utf-8"))
    assert (receipt["number"], receipt["rows"], receipt["quarantined"], len(receipt["cells"])) == (1, 5, 1, 2)
    assert [(d.number, d.rows, d.broken) for d in deliveries_of(dropping)] == [(1, 5, 1)]


def test_a_delivery_that_stopped_half_way_goes_on(dropping: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a part of its rows was applied, the next round applies the rest under the same number."""
    from connectors.intake import intake

    drop(dropping, "a.csv", "".join(f"P{serial},{resident(serial)},2020-01-01,,900\n" for serial in range(30)))
    calls = []

    def crash(*words: Any, **more: Any) -> Any:
        calls.append(words)
        raise Crash

    monkeypatch.setattr(intake, "ROWS", 10)
    with monkeypatch.context() as patch:
        patch.setattr("connectors.intake.delivery.DeliveryCompleted", crash)
        with pytest.raises(Crash):
            go_round(dropping)
    assert calls and [(d.rows, d.stage) for d in deliveries_of(dropping)] == [(30, "open")]

    (file,) = go_round(dropping).files

    assert (file.outcome, file.delivery, file.rows) == ("taken_in", 1, 30)
    assert [(d.number, d.rows, d.same, d.stage) for d in deliveries_of(dropping)] == [(1, 30, 0, "complete")]


def test_sources_have_folders_of_their_own(dropping: Workspace) -> None:
    """Of a feed with several sources a file goes into the source's folder; elsewhere it stays, and the round says so."""
    contract = dropping.root / "feeds/pension.yaml"
    text = contract.read_text(encoding="utf-8")
    contract.write_text(
        text.replace('division: "310107"}]', 'division: "310107"}, {unit: putuo-psb, division: "310107"}]', 1), encoding="utf-8"
    )
    stray, own = drop(dropping, "stray.csv"), drop(dropping, "own.csv", feed="pension/putuo-psb")

    result = go_round(dropping)

    assert [(file.file, file.unit) for file in result.files] == [("own.csv", "putuo-psb")] and not own.exists() and stray.exists()
    assert [waiting.why.en for waiting in result.waiting] == ["the feed has several sources: put it into pension/UNIT"]


def test_what_lies_astray_is_said(dropping: Workspace) -> None:
    """A file beside the folders of the feeds, and a folder of no feed, with the name that was meant."""
    drop(dropping, "a.csv", feed="pensoin")
    (dropping.root / "drop" / "b.csv").write_text("x", encoding="utf-8")

    waiting = {waiting.file: waiting.why.en for waiting in go_round(dropping).waiting}

    assert waiting["b.csv"] == "put it into the folder of its feed"
    assert waiting["pensoin"] == "there is no feed 'pensoin'. Did you mean pension?"


def test_a_full_replacement_withdraws_what_it_does_not_hold(dropping: Workspace) -> None:
    """Where the document says so of the feed."""
    (dropping.root / "ways_in.yaml").write_text("format: 1\ndrop: {feeds: {pension: {full: true}}}\n", encoding="utf-8")
    drop(dropping, "a.csv")
    go_round(dropping)
    drop(dropping, "b.csv", SOUND.splitlines(keepends=True)[0])
    go_round(dropping)

    assert [(d.number, d.full, d.stage) for d in deliveries_of(dropping)] == [(1, True, "complete"), (2, True, "complete")]


def test_what_is_no_fault_of_the_file_leaves_it_there(dropping: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A contract that is not in effect, or an error of the machine: the file waits for the next round."""
    path = drop(dropping, "a.csv")

    def fail(*words: Any, **more: Any) -> Any:
        raise HuiminError(Text("磁盘满了", "the disk is full"))

    with monkeypatch.context() as patch:
        patch.setattr(drop_folder, "deliver", fail)
        with pytest.raises(HuiminError, match="the disk is full"):
            go_round(dropping)
    assert path.exists()
    go_round(dropping)
    (dropping.root / "feeds/pension.yaml").write_text("torn", encoding="utf-8")
    late = drop(dropping, "late.csv", BROKEN)

    result = go_round(dropping)

    assert late.exists() and result.files == () and "is not in effect" in result.waiting[0].why.en


def test_without_a_drop_folder_the_way_to_one_is_said(example: Workspace) -> None:
    """Exit code 2, and nothing is made."""
    with pytest.raises(HuiminError, match="has no drop folder: write drop"):
        pickup(example, DAY, 0, trust=None, notify=lambda hold: None)
    assert not (example.root / "drop").exists()


@pytest.mark.parametrize("name", ["pension", "pension/done", "pension/refused"])
def test_a_link_leads_nobody_out_of_the_drop_folder(dropping: Workspace, tmp_path: Path, name: str) -> None:
    """Whoever may write there could else have files and receipts put anywhere. Other feeds go on."""
    path = drop(dropping, "a.csv")
    outside = tmp_path / "outside"
    outside.mkdir()
    if name == "pension":
        path.parent.rename(outside / "pension")
        path.parent.symlink_to(outside / "pension")
    else:
        (dropping.root / "drop" / name).symlink_to(outside)

    result = go_round(dropping)

    assert result.files == () and [(waiting.file, "is a link" in waiting.why.en) for waiting in result.waiting] == [(name, True)]
    assert path.exists() and [entry.name for entry in outside.rglob("*") if entry.is_file()] == (["a.csv"] if name == "pension" else [])
