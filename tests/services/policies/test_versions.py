"""The list of policies, their history, publication and withdrawal, asked of the services."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from infra.workspace.library import library, library_catalogue
from infra.workspace.workspace import Workspace
from policies.language.lifecycle import Event, Life
from policies.problems.problems import HuiminError, Invalid
from services.policies.checks import check_drafts
from services.policies.forecast import forecast_policy
from services.policies.publication import draft_to_publish, newest_version, publish_policy, withdraw_policy
from services.policies.versions import listed_policies, policy_history
from services.results import plain
from tests.streams.calendar import DAYS, ELDERLY, HARDSHIP, SECOND_VERSION_START, START
from tests.streams.world import publication

PEOPLE = ("王芳", "李强")


def draft(folder: Path, version: int) -> Path:
    file = folder / f"draft-{version}.yaml"
    file.write_text(publication(ELDERLY, version, ("value: 70", "value: 60"), start=START).text, encoding="utf-8")
    return file


def test_versions_and_drafts_are_listed(workspace: Workspace) -> None:
    """By policy and version with their state; a draft of a published policy is not listed twice."""
    for name in ("new-one", ELDERLY):
        (workspace.folder("policies") / f"{name}.yaml").write_text("format: 1\n", encoding="utf-8")

    rows = listed_policies(workspace)

    assert [(row.policy, row.version, row.state) for row in rows] == [
        (ELDERLY, 1, Life.IN_FORCE),
        (ELDERLY, 2, Life.SCHEDULED),
        (HARDSHIP, 1, Life.IN_FORCE),
        ("new-one", None, Life.DRAFT),
    ]
    assert rows[-1].file == "policies/new-one.yaml" and plain(rows[1], "en")["from"] == SECOND_VERSION_START.isoformat()


def test_a_history_has_what_is_to_come(workspace: Workspace) -> None:
    """The second version takes over on its first day, which has not come."""
    history = policy_history(workspace, ELDERLY)

    to_come = [(event.version, event.event, event.day) for event in history.events if event.to_come]
    assert to_come[:1] == [(1, Event.SUPERSEDE, SECOND_VERSION_START)] and (2, Event.BEGIN, SECOND_VERSION_START) in to_come
    assert {event.by for event in history.events if event.event is Event.PUBLISH} == {"author"}
    with pytest.raises(HuiminError, match="nothing"):
        policy_history(workspace, "nothing")


def test_a_publication_tells_what_it_has_changed(workspace: Workspace, tmp_path: Path) -> None:
    """The version, its digest and everybody who enters; two people must decide."""
    document = draft_to_publish(workspace, draft(tmp_path, 3))

    with workspace.writing() as host:
        with pytest.raises(HuiminError):
            publish_policy(host, document, "王芳", "王芳")
        publication = publish_policy(host, document, *PEOPLE)

    assert (publication.version, publication.digest) == (3, document.policy.digest)
    assert {change.change for change in publication.changes} == {"entered"} and ELDERLY in publication.titles
    assert plain(publication, "en").keys() == {"policy", "version", "digest", "changes"}


def test_a_withdrawal_names_the_version_that_was_known(workspace: Workspace) -> None:
    """Since when, with a reason; the list is emptied; whoever knew of an older version only is refused."""
    since = START - timedelta(days=2)

    with workspace.writing() as host:
        newest = newest_version(host, ELDERLY)
        with pytest.raises(HuiminError):
            withdraw_policy(host, ELDERLY, newest - 1, *PEOPLE, "reason", None)
        withdrawal = withdraw_policy(host, ELDERLY, newest, *PEOPLE, "上位文件废止", since)

    assert (newest, withdrawal.since, withdrawal.withdrawn) == (2, since, True)
    assert {change.change for change in withdrawal.changes} == {"left"} and "上位文件废止" in withdrawal.sentence.zh
    assert {row.state for row in listed_policies(workspace) if row.policy == ELDERLY} == {Life.WITHDRAWN}
    with pytest.raises(HuiminError, match="withdrawn"):
        forecast_policy(workspace, ELDERLY, DAYS)


def test_documents_are_checked_file_by_file(tmp_path: Path) -> None:
    """Every problem of every file; a sound one has none."""
    good = library() / f"policies/{ELDERLY}.yaml"
    bad = tmp_path / "bad.yaml"
    bad.write_text(good.read_text(encoding="utf-8").replace("hukou.birth_date", "hukou.nothing"), encoding="utf-8")

    checked = check_drafts([good, bad], library_catalogue())

    assert [problem for problem in checked.by_file[0] if problem.severity == "error"] == []
    assert {problem.file for problem in checked.problems() if problem.severity == "error"} == {str(bad)} and checked.count("error") > 0


def test_a_draft_with_errors_is_not_published(workspace: Workspace, tmp_path: Path) -> None:
    """Every error comes before anything is asked of anybody."""
    file = tmp_path / "bad.yaml"
    file.write_text("format: 1\npolicy: x\n", encoding="utf-8")

    with pytest.raises(Invalid):
        draft_to_publish(workspace, file)


def test_a_forecast_as_data(workspace: Workspace) -> None:
    """By day and token; what turns, and by which criterion; the state stays on its day."""
    forecast = forecast_policy(workspace, ELDERLY, DAYS)

    data = plain(forecast, "en")
    assert (data["start"], data["until"]) == (START.isoformat(), (START + timedelta(DAYS)).isoformat())
    assert sum(row["count"] for row in data["rows"] if row["change"] == "entered") == data["entered"] == forecast.entered > 0
    assert all(len(subject) == 16 for row in data["rows"] for subject in row["subjects"])
    assert {"criterion": "age70", "before": "F", "after": "T"} in [flip for row in data["rows"] for flip in row["why"]["criteria"]]
    assert data["turns"][0].keys() == {"day", "kind", "what", "unit"} and data["turns"][1]["unit"] is None
    with workspace.reading() as host:
        assert host.state.day == START
