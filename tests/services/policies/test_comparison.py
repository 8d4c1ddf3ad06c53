"""Two versions beside each other, asked of the service."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from infra.workspace.workspace import Workspace
from policies.problems.problems import HuiminError
from services.policies.comparison import DivisionMoves, Transition, compare_policies, comparison, moved_subjects, version_named
from services.results import plain
from tests.streams.calendar import ELDERLY, HARDSHIP, SECOND_VERSION_START, START, YOUNGER, world
from tests.streams.world import publication

TODAY = date(2026, 11, 1)


def test_who_moves_and_by_which_criterion(workspace: Workspace) -> None:
    """Those from 68 on enter under the second version, kept off by the age of the first; the rules differ in that criterion."""
    result = compare_policies(workspace, f"{ELDERLY}@1", f"{ELDERLY}@2", None, TODAY)

    people = list(moved_subjects(result.people))
    assert result.day == START and (result.old.version, result.new.version) == (1, 2)
    assert set(YOUNGER) <= {person.subject for person in people} and len(people) == result.entered > 2
    assert {(person.change, person.version, person.criteria) for person in people} == {("entered", "old", ("age70",))}
    assert result.streets == [DivisionMoves("310107020", result.entered, 0, 0, 0)]
    assert [change.node.meta.id for change in result.differences.criteria] == ["age70"]
    assert Transition("no", "yes", result.entered) in result.verdicts and Transition(None, "eligible", result.entered) in result.statuses
    assert not result.alike


def test_a_version_beside_itself_is_alike() -> None:
    """Nobody moves; a rule in which only words differ is another rule that lists the same people."""
    state = world()
    policy = version_named(state, f"{ELDERLY}@1")

    assert comparison(state, policy, policy, START).alike
    other = comparison(state, policy, replace(policy, purpose="another"), START)
    assert not other.alike and (other.entered, other.left, other.changed) == (0, 0, 0)


def test_what_is_printed_has_people_by_token(workspace: Workspace) -> None:
    """The columns of those who move become lines only then."""
    result = compare_policies(workspace, f"{ELDERLY}@1", f"{ELDERLY}@2", SECOND_VERSION_START, TODAY)

    data = plain(result, "en")

    assert data["day"] == SECOND_VERSION_START.isoformat() and len(data["people"]) == result.entered
    assert {len(person["subject"]) for person in data["people"]} == {16}
    assert data.keys().isdisjoint({"differences", "catalogue"})


@pytest.mark.parametrize(
    ("name", "words", "code"),
    [
        ("nothing", "nothing", 2),
        (f"{ELDERLY}@7", f"{ELDERLY}@1, {ELDERLY}@2", 2),
        (f"{ELDERLY}@x", f"{ELDERLY}@1", 2),
        ("no.yaml", "no.yaml", 2),
    ],
)
def test_a_version_that_is_not_there(workspace: Workspace, name: str, words: str, code: int) -> None:
    """No such policy, version or file: says what there is."""
    with pytest.raises(HuiminError) as error:
        compare_policies(workspace, ELDERLY, name, None, TODAY)

    assert words in error.value.text.en and error.value.exit_code == code


def test_kinds_that_cannot_be_compared(workspace: Workspace) -> None:
    """A person is no household."""
    with pytest.raises(HuiminError, match="person"):
        compare_policies(workspace, ELDERLY, HARDSHIP, None, TODAY)


def test_a_draft_is_named_by_its_file(workspace: Workspace, tmp_path: Path) -> None:
    """It is read against the catalogue of the state."""
    file = tmp_path / "draft.yaml"
    file.write_text(publication(ELDERLY, 3, ("value: 70", "value: 80"), start=START).text, encoding="utf-8")

    result = compare_policies(workspace, ELDERLY, str(file), None, TODAY)

    assert (result.new.version, result.entered) == (3, 0) and result.left > 0
