"""The verbs about outcomes in a workspace on a network: outcomes go to the topic, and the replica shows their effect."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.workspace.ports import parts
from infra.workspace.workspace import Workspace
from streams.language.messages import CheckAnswered, OutcomeReported
from streams.network.network_host import NetworkHost
from streams.wire import wire
from tests.console.conftest import Run
from tests.console.town import ALLOWANCE, HUKOU, data, export_list, ingest_text, register_row, settle_town, tokens, write_returned_list
from tests.streams.topics import Bodies, Silent


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> Bodies:
    """The topic of inputs of a network, in memory; every workspace is part of it, and there are no workers."""
    bodies = Bodies()
    monkeypatch.setattr("services.network.MATCHING_SECONDS", 0.0)  # there are no workers to wait for
    monkeypatch.setattr(Workspace, "network", property(lambda _: "town"))
    monkeypatch.setattr(
        Workspace, "_on_network", lambda self, _: NetworkHost(self.folder("state") / "town", parts(), bodies, Silent(), self.retention())
    )
    return bodies


def test_a_list_that_comes_back_is_told_to_the_network_once(run: Run, tmp_path: Path, topic: Bodies) -> None:
    """Answers are sent before outcomes; the same file again sends nothing. A request is open until the unit's new record arrives."""
    settle_town(run, tmp_path)
    rows = export_list(run, tmp_path, policy=ALLOWANCE)
    question, sent_before = rows[0]["待核实事项"], len(topic.bodies)
    rows[0] |= {question: "是", "反馈": "不符合条件", "反馈日期": "2026-10-14", "不符合的条件": "local"}
    rows[1] |= {"反馈": "已联系", "反馈日期": "2026-10-14"}
    file = write_returned_list(tmp_path / "back.csv", rows)

    first = data(run("candidates", "ack", ALLOWANCE, "--file", file, "--json"))
    messages = [wire.decode(body) for body in topic.bodies[sent_before:]]
    again = data(run("candidates", "ack", ALLOWANCE, "--file", file, "--json"))
    asked = data(run("candidates", "corrections", "--json"))
    ingest_text(run, tmp_path, "hukou", HUKOU + register_row(0, "2026-10-05"))

    assert [type(message) for message in messages] == [CheckAnswered, OutcomeReported, OutcomeReported]
    assert (first["new"], first["answers"], again["new"], again["known_before"]) == (2, 1, 0, 3)
    assert [(request["number"], request["unit"], request["delivery"], request["row"], request["open"]) for request in asked] == [
        (sent_before + 1, "putuo-psb", 1, 1, True)
    ]
    assert [request["open"] for request in data(run("candidates", "corrections", "--json"))] == [False]
    assert rows[0]["代号"] not in tokens(run, ALLOWANCE) and rows[1]["代号"] in tokens(run, ALLOWANCE)


def test_one_outcome_is_told_and_its_number_is_that_of_the_message(run: Run, tmp_path: Path, topic: Bodies) -> None:
    """The same outcome again changes nothing."""
    settle_town(run, tmp_path)
    who = tokens(run, ALLOWANCE)[0]
    words = ("candidates", "ack", ALLOWANCE, who, "declined", "--by", "王芳", "--json")

    first, again = data(run(*words)), data(run(*words))

    assert first["outcome"]["number"] == len(topic.bodies) - 2 and first["new"] is True
    assert [line["change"] for line in first["changes"]] == ["left"]
    assert (again["new"], again["changes"]) == (False, [])
