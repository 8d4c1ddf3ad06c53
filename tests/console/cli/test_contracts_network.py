"""Changed contracts in a workspace on a network: verbs that only look use a copy of the replica, and send nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from infra.workspace.ports import parts
from infra.workspace.workspace import Workspace
from streams.language.messages import CatalogueSet
from streams.network.network_host import NetworkHost
from streams.wire import wire
from tests.console.cli.test_contracts import DRAFT, MEALS, change_contract
from tests.console.conftest import Run
from tests.console.town import PENSION, ingest_text, resident, settle_town
from tests.streams.topics import Bodies, Silent


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> Bodies:
    """The topic of inputs of a network, in memory; every workspace is part of it, and there are no workers."""
    bodies = Bodies()
    monkeypatch.setattr("services.network.MATCHING_SECONDS", 0.0)
    monkeypatch.setattr(Workspace, "network", property(lambda _: "town"))
    monkeypatch.setattr(
        Workspace, "_on_network", lambda self, _: NetworkHost(self.folder("state") / "town", parts(), bodies, Silent(), self.retention())
    )
    return bodies


def catalogues(topic: Bodies) -> int:
    return sum(isinstance(wire.decode(body), CatalogueSet) for body in topic.bodies)


def test_what_looks_at_a_draft_sends_nothing(run: Run, tmp_path: Path, topic: Bodies) -> None:
    """A preview over a feed just added works on a copy; the next write sends the catalogue once."""
    settle_town(run, tmp_path)
    (tmp_path / "draft.yaml").write_text(DRAFT, encoding="utf-8")
    (tmp_path / "meals.yaml").write_text(MEALS, encoding="utf-8")
    sent_before = len(topic.bodies)

    assert run("feed", "add", tmp_path / "meals.yaml").exit_code == 0
    for verb in ("check", "needs", "preview"):
        assert run("policy", verb, tmp_path / "draft.yaml").exit_code == 0
    assert run("policy", "diff", tmp_path / "draft.yaml", tmp_path / "draft.yaml").exit_code == 0
    assert "the next write" in run("feed", "history", "meals", "--lang", "en").output
    assert len(topic.bodies) == sent_before

    assert run("tick", "--days", "1").exit_code == 0
    assert run("policy", "preview", tmp_path / "draft.yaml").exit_code == 0
    assert [type(wire.decode(body)).__name__ for body in topic.bodies[sent_before:]] == ["CatalogueSet", "Tick"]


def test_records_decide_on_a_network_too(run: Run, tmp_path: Path, topic: Bodies) -> None:
    """A bound narrower than a value in the records is refused; a wider one is sent."""
    settle_town(run, tmp_path)
    ingest_text(run, tmp_path, "pension", PENSION + f"P1,{resident(1)},2026-01-01,,3000.00\n")
    path, before = tmp_path / "w" / "feeds" / "pension.yaml", catalogues(topic)
    change_contract(path, "max: 999999.99", "max: 99.99")

    assert run("feed", "check", path).exit_code == 3
    result = run("tick", "--days", "1", "--lang", "en")
    assert result.exit_code == 0
    assert "is not in effect" in result.stderr
    assert catalogues(topic) == before
    change_contract(path, "max: 99.99", "max: 99999999999.99")
    assert run("tick", "--days", "1").exit_code == 0
    assert catalogues(topic) == before + 1


def test_a_refused_file_sends_nothing_of_a_longer_contract(run: Run, tmp_path: Path, topic: Bodies) -> None:
    """The catalogue is sent with the first message of an accepted file."""
    settle_town(run, tmp_path)
    path, sent_before = tmp_path / "w" / "feeds" / "pension.yaml", len(topic.bodies)
    change_contract(path, "fields:\n", "fields:\n  bank: {type: text, title: {zh: 开户行, en: bank}, column: 开户行}\n")
    for name, text in (("short", PENSION), ("long", PENSION.replace("\n", ",开户行\n"))):
        more = f"P1,{resident(1)},2026-01-01,,100" + (",工商" if name == "long" else "")
        (tmp_path / f"{name}.csv").write_bytes(f"{text}{more}\n".encode("gb18030"))

    assert run("ingest", "pension", tmp_path / "short.csv").exit_code == 3
    assert len(topic.bodies) == sent_before
    assert run("ingest", "pension", tmp_path / "long.csv").exit_code == 0
    assert [type(wire.decode(body)).__name__ for body in topic.bodies[sent_before:]] == [
        "CatalogueSet",
        "DeliveryStarted",
        "RecordBatch",
        "DeliveryCompleted",
    ]


def test_a_workspace_that_is_behind_takes_nothing_back(run: Run, tmp_path: Path, topic: Bodies) -> None:
    """A workspace whose documents lack a field goes on with the catalogue in effect, and warns."""
    settle_town(run, tmp_path)
    shutil.copytree(tmp_path / "w", tmp_path / "other")
    change_contract(tmp_path / "w" / "feeds" / "pension.yaml", "fields:\n", "fields:\n  weeks: {type: int, title: {zh: 周数, en: weeks}}\n")
    assert run("tick", "--days", "1").exit_code == 0
    before = catalogues(topic)

    result = run("tick", "--days", "1", "--workspace", tmp_path / "other", "--lang", "en")

    assert result.exit_code == 0
    assert "pension.yaml is not in effect" in result.stderr
    assert catalogues(topic) == before
    history = json.loads(run("feed", "history", "pension", "--workspace", tmp_path / "other", "--json", "--lang", "en").stdout)
    assert history[-1]["message"].startswith("adds the field weeks")
