"""The life of a version: the table, the two people, the numbers."""

from __future__ import annotations

from datetime import date
from typing import cast

import pytest

from policies.checker import check
from policies.lifecycle import (
    TRANSITIONS,
    WORDS,
    Event,
    State,
    Version,
    after,
    check_people,
    check_publication,
    content_digest,
    due,
    transitions_page,
)
from policies.problems import Conflict
from policies.tree import Policy
from tests.policies.library import catalogue, documents


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_only_the_steps_of_the_table_are_possible(state: State, event: Event) -> None:
    """Everything else is a conflict that says what is possible."""
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
        return

    with pytest.raises(Conflict) as refused:
        after(state, event)

    assert WORDS[state].zh in refused.value.text.zh
    assert refused.value.exit_code == 5


@pytest.mark.parametrize(
    ("by", "approved_by"), [("王芳", "王芳"), ("Wang Fang", "wang  fang"), ("ＷＦ", "wf"), ("", "王芳"), (" ", "王芳")]
)
def test_two_different_people_must_decide(by: str, approved_by: str) -> None:
    """The same name in another case, width or spacing is the same person."""
    with pytest.raises(Conflict):
        check_people(by, approved_by)


@pytest.mark.parametrize(
    ("number", "known", "word"),
    [
        (1, Version(1, "same", "", State.IN_FORCE), "already published with this very content"),
        (1, Version(1, "other", "", State.IN_FORCE), "Set version to 2"),
        (1, Version(3, "other", "", State.WITHDRAWN), "Set version to 4"),
        (2, Version(1, "other", "same content", State.SCHEDULED), "change nothing"),
    ],
)
def test_a_published_version_is_never_rewritten(number: int, known: Version, word: str) -> None:
    """Numbers only go up, and the same content is not published twice."""
    from dataclasses import replace

    policy = replace(cast(Policy, check(documents()["dibao"], catalogue()).policy), version=number, digest="same")

    with pytest.raises(Conflict, match=word):
        check_publication(policy, "same content", [known], "王芳", "李强")


def test_a_first_version_may_be_published() -> None:
    """No earlier version, two people: nothing is raised; a withdrawn policy may come back with the same content."""
    policy = cast(Policy, check(documents()["dibao"], catalogue()).policy)
    content = content_digest(documents()["dibao"].data)

    check_publication(policy, content, [], "王芳", "李强")
    check_publication(policy, content, [Version(0, "x", content, State.WITHDRAWN)], "王芳", "李强")


def test_the_calendar_begins_and_ends_a_version() -> None:
    """Both days in force are included; a version published too late does both at once."""
    start, end = date(2026, 1, 1), date(2026, 1, 31)

    assert list(due(State.SCHEDULED, start, end, date(2025, 12, 31))) == []
    assert list(due(State.SCHEDULED, start, end, start)) == [Event.BEGIN]
    assert list(due(State.IN_FORCE, start, end, end)) == []
    assert list(due(State.SCHEDULED, start, end, date(2026, 2, 1))) == [Event.BEGIN, Event.END]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_is_drawn_from_the_table(language: str) -> None:
    """One line a transition, under a head of two."""
    assert len(transitions_page(language).splitlines()) == len(TRANSITIONS) + 2
