"""Deliveries, quarantine, dry runs and statements in a workspace on a network: what is refused is never sent."""

from __future__ import annotations

from pathlib import Path

from streams.language.messages import CoverageStated, DeliveryStarted
from streams.wire import wire
from tests.console.cli.test_deliveries import data, insurance_row, write_file, write_statement
from tests.console.cli.test_outcomes_network import topic as topic
from tests.console.conftest import Run
from tests.console.town import HUKOU, MEDICAL, ingest_text, register_row, settle_town
from tests.streams.topics import Bodies


def test_what_is_refused_is_never_sent(run: Run, tmp_path: Path, topic: Bodies) -> None:
    """No message is sent for a file with a fault at its end, a full file without readable ids, a dry run, or a file with one wrong statement."""
    settle_town(run, tmp_path)
    sent_before = len(topic.bodies)
    ragged = write_file(tmp_path / "ragged.csv", MEDICAL + insurance_row(0) + "a,b\n")
    nobody = write_file(tmp_path / "nobody.csv", HUKOU + register_row(0).replace("3101", "x"))
    sound = write_file(tmp_path / "sound.csv", MEDICAL + insurance_row(0, key="N1"))
    statements = write_statement(tmp_path, "s-1")
    statements.write_text(statements.read_text() + write_statement(tmp_path, "s-2", complete_to="2036-01-01").read_text(), encoding="utf-8")
    conflict = write_statement(tmp_path, "s-3")
    conflict.write_text(conflict.read_text() + write_statement(tmp_path, "s-hukou", complete_to="2026-10-01").read_text(), encoding="utf-8")

    codes = [
        run("ingest", "medical_insurance", ragged).exit_code,
        run("ingest", "hukou", nobody, "--replace").exit_code,
        run("feed", "coverage", statements).exit_code,
        run("feed", "coverage", conflict).exit_code,  # the id of its second statement is in use
        run("ingest", "medical_insurance", sound, "--dry-run").exit_code,
    ]

    assert codes == [3, 3, 3, 5, 0] and len(topic.bodies) == sent_before
    tried = data(run("ingest", "medical_insurance", sound, "--dry-run", "--json"))
    came = ingest_text(run, tmp_path, "medical_insurance", sound.read_text(encoding="gb18030"))
    assert tried["deliveries"][0]["records"]["new"] == 1
    assert [(c["subject"], c["change"]) for c in tried["changes"]] == [(c["subject"], c["change"]) for c in came["changes"]]


def test_deliveries_and_quarantine_are_told_by_the_replica(run: Run, tmp_path: Path, topic: Bodies) -> None:
    """They are listed, rows close through messages of the topic, and the messages carry their flags."""
    settle_town(run, tmp_path)
    bad = write_file(tmp_path / "bad.csv", MEDICAL + insurance_row(0, "?", "YB-1") + insurance_row(1, "?", "YB-2"))
    run("ingest", "medical_insurance", bad, "--replace")
    ingest_text(run, tmp_path, "medical_insurance", MEDICAL + insurance_row(0, key="YB-1"))

    rows = data(run("feed", "deliveries", "medical_insurance", "--json"))
    left = data(run("feed", "quarantine", "--json"))

    assert [(r["number"], r["broken"], r["mended"], r["full"], r["stage"]) for r in rows] == [
        (1, 0, 0, False, "complete"),
        (2, 1, 1, True, "complete"),
        (3, 0, 0, False, "complete"),
    ]
    assert [line["key"] for line in left] == ["YB-2"]
    messages = [wire.decode(body) for body in topic.bodies]
    assert [message.replaces for message in messages if isinstance(message, DeliveryStarted) and message.feed == "medical_insurance"] == [
        False,
        True,
        False,
    ]
    assert all(message.received is not None for message in messages if isinstance(message, CoverageStated))
