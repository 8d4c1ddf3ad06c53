"""Follow-ups and filters, asked of the services: history with the text of notes, what a list shows of it, and who is wanted."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from connectors.identity.notes import note_text
from infra.workspace.workspace import Workspace
from policies.problems.problems import HuiminError
from services.lists.candidates import ListedCandidate, answer_check, candidate_list
from services.lists.editions import cut_edition
from services.lists.filters import EVERYBODY, ListFilter
from services.lists.follow_ups import candidate_history, record_assignment, record_call_again, record_note
from services.lists.outcome_reports import report_outcome
from streams.language.messages import IdentityMerged
from tests.console.town import POLICY, RESIDENTS

ALLOWANCE, STREET = "elderly-allowance", "310107020"
CLERK, SECRET = "王芳", "女儿周六在家"
DAY = date(2026, 10, 15)


def candidates(workspace: Workspace, wanted: ListFilter = EVERYBODY, policy: str = POLICY) -> list[ListedCandidate]:
    return list(candidate_list(workspace, policy, wanted=wanted).candidates)


def test_the_history_says_who_said_what_on_which_day(workspace: Workspace) -> None:
    """Notes with their text, the rest by its word, in order; the list shows how many notes there are, and no text of one."""
    who = candidates(workspace)[0].subject

    record_note(workspace, POLICY, who, f" {SECRET} ", CLERK)
    record_call_again(workspace, POLICY, who, DAY + timedelta(3), CLERK)
    record_assignment(workspace, POLICY, who, "李娟", CLERK)
    record_assignment(workspace, POLICY, who, None, "李娟")
    report_outcome(workspace, POLICY, who, "contacted", CLERK)
    history = candidate_history(workspace, POLICY, who)

    assert [(event.item, event.value, event.by, event.day) for event in history.events] == [
        ("note", SECRET, CLERK, DAY), ("call_again", "2026-10-18", CLERK, DAY), ("assigned_to", "李娟", CLERK, DAY),
        ("assigned_to", None, "李娟", DAY), ("outcome", "contacted", CLERK, DAY),
    ]  # fmt: skip
    candidate = candidates(workspace)[0]
    assert (candidate.outcome, candidate.outcome_on, candidate.assigned_to, candidate.call_again, candidate.notes) == (
        "contacted", DAY, None, DAY + timedelta(3), 1,
    )  # fmt: skip
    assert SECRET not in repr(candidate)


def test_an_answer_has_its_author_in_the_history(workspace: Workspace) -> None:
    """The check, what was found, by whom, on which day."""
    asked = next(row for row in candidates(workspace, policy=ALLOWANCE) if row.checklist)

    answer_check(workspace, ALLOWANCE, asked.subject, asked.checklist[0], True, CLERK, lambda hold: None)
    (event,) = candidate_history(workspace, ALLOWANCE, asked.subject).events

    assert (event.item, event.value, event.criterion, event.by, event.day) == ("answer", "yes", asked.checklist[0], CLERK, DAY)


def test_a_note_is_sealed_wherever_it_is_kept(workspace: Workspace) -> None:
    """Its text is in no file of the workspace and in no message; another key shows that there is a note, and nothing more."""
    who = candidates(workspace)[0].subject

    record_note(workspace, POLICY, who, SECRET, CLERK)
    with workspace.writing() as host:
        host.write_checkpoint()
        (entry,) = host.state.follow_ups
        sealed = entry.note or ""

    for path in workspace.root.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path
    assert note_text(b"o" * 32, POLICY, who, sealed) is None


def test_a_merged_subject_brings_its_history_along(workspace: Workspace) -> None:
    """What was said of one that counts as another now is said of that one."""
    first, second, *_ = (row.subject for row in candidates(workspace))
    record_note(workspace, POLICY, first, SECRET, CLERK)
    record_assignment(workspace, POLICY, second, "李娟", CLERK)

    with workspace.writing() as host:
        host.submit(IdentityMerged("person", first, second, "same", "A", "B"))

    assert [event.item for event in candidate_history(workspace, POLICY, first).events] == ["note", "assigned_to"]
    assert candidate_history(workspace, POLICY, second).events == candidate_history(workspace, POLICY, first).events


def test_what_nobody_could_mean_is_refused(workspace: Workspace) -> None:
    """A subject or policy that is none, an empty or endless note, nobody's name; no error repeats a note."""
    who = candidates(workspace)[0].subject

    for call in (
        lambda: record_note(workspace, POLICY, 1, SECRET, CLERK),
        lambda: record_note(workspace, "nothing-such", who, SECRET, CLERK),
        lambda: record_note(workspace, POLICY, who, "  ", CLERK),
        lambda: record_note(workspace, POLICY, who, SECRET * 400, CLERK),
        lambda: record_note(workspace, POLICY, who, SECRET, "…"),
        lambda: record_assignment(workspace, POLICY, who, " ", CLERK),
        lambda: record_call_again(workspace, POLICY, who, DAY - timedelta(1), CLERK),
        lambda: candidate_history(workspace, POLICY, 1),
    ):
        with pytest.raises(HuiminError) as refused:
            call()
        assert SECRET not in refused.value.text.zh + refused.value.text.en
    assert candidate_history(workspace, POLICY, who).events == ()


def test_filters_narrow_a_list(workspace: Workspace) -> None:
    """By outcome, person, status and street, in either language; several filters together, several values of one side by side."""
    first, second, third, *_ = (row.subject for row in candidates(workspace))
    report_outcome(workspace, POLICY, first, "contacted", CLERK)
    record_assignment(workspace, POLICY, first, "李娟", CLERK)
    record_assignment(workspace, POLICY, second, "李 娟", CLERK)
    record_assignment(workspace, POLICY, third, CLERK, CLERK)

    def subjects(**filters: tuple[str, ...]) -> set[int]:
        return {row.subject for row in candidates(workspace, ListFilter(**filters))}  # type: ignore[arg-type]  # new_since is not among them

    assert subjects(outcomes=("contacted",)) == subjects(outcomes=("已联系",)) == {first}
    assert len(subjects(outcomes=("none",))) == RESIDENTS - 1 and subjects(outcomes=("none", "contacted")) == subjects()
    assert subjects(assigned=("李娟",)) == {first, second} and subjects(assigned=(CLERK, "李娟")) == {first, second, third}
    assert subjects(assigned=("李娟",), outcomes=("无",)) == {second}
    assert len(subjects(assigned=("none",))) == RESIDENTS - 3
    assert subjects(statuses=("eligible",)) == subjects(statuses=("符合条件",)) == subjects() and subjects(statuses=("to_check",)) == set()
    assert subjects(streets=(STREET,)) == subjects(streets=("310107",)) == subjects() and subjects(streets=("310107101",)) == set()


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (ListFilter(statuses=("eligable",)), "Did you mean eligible"),
        (ListFilter(outcomes=("contcted",)), "Did you mean contacted"),
        (ListFilter(streets=("somewhere",)), "no street 'somewhere'"),
        (ListFilter(assigned=("李",)), "Nobody is assigned yet"),
        (ListFilter(new_since="77"), "no edition 77; the last one is"),
        (ListFilter(new_since="last week"), "date"),
    ],
)
def test_a_filter_that_nobody_could_pass_is_told(workspace: Workspace, wanted: ListFilter, words: str) -> None:
    """With what was meant, in both languages."""
    with pytest.raises(HuiminError, match=words) as refused:
        candidates(workspace, wanted)
    assert refused.value.text.zh


def test_who_is_new_since_an_edition_or_a_day(workspace: Workspace) -> None:
    """Those on the list now who were not on it after that edition, or before that day: somebody who went and came back is not new."""
    first, second, *_ = (row.subject for row in candidates(workspace))
    cut_edition(workspace, POLICY)
    with workspace.reading() as host:
        last = max(edition.number for edition in host.editions(POLICY))
    report_outcome(workspace, POLICY, first, "declined", CLERK)
    cut_edition(workspace, POLICY)
    report_outcome(workspace, POLICY, first, "contacted", CLERK)

    def new_since(since: str) -> set[int]:
        return {row.subject for row in candidates(workspace, ListFilter(new_since=since))}

    assert new_since(str(last)) == set() and new_since(str(last + 1)) == {first}
    assert new_since("2026-10-15") == {row.subject for row in candidates(workspace)} and second in new_since("20261015")
    assert new_since("2026-10-16") == set()
