"""Why somebody is on a list, as data and in words."""

from __future__ import annotations

from collections.abc import Iterator

from console.text.explanations import CriterionInWords, explanation_in_words, headline
from infra.workspace.workspace import Workspace
from services.lists.candidates import candidate_list
from services.lists.explanations import SubjectExplanation, explain_subject
from services.lists.outcome_reports import report_outcome
from services.results import plain
from tests.console.town import ALLOWANCE, POLICY


def leaves(criterion: CriterionInWords) -> Iterator[CriterionInWords]:
    if not criterion.criteria:
        yield criterion
    for child in criterion.criteria:
        yield from leaves(child)


def test_the_reasons_of_somebody_listed(workspace: Workspace) -> None:
    """Each criterion by article, with what was compared and the record it rests on; JSON has words, and no policy or path."""
    who = candidate_list(workspace, POLICY).candidates[0].subject

    result = explain_subject(workspace, POLICY, who)

    assert isinstance(result, SubjectExplanation) and (result.verdict, result.status, result.held) == ("yes", "eligible", None)
    words = explanation_in_words(result)
    assert words.criteria is not None
    aged = next(leaf for leaf in leaves(words.criteria) if leaf.id == "age70")
    assert (aged.truth, [record.unit for record in aged.records]) == ("T", ["putuo-psb"])
    assert aged.label is not None and "76" in aged.words.en and aged.words.zh != aged.words.en
    data = plain(words, "zh")
    assert data["criteria"]["label"] == words.criteria.label and data.keys().isdisjoint({"rule", "catalogue", "overridden", "merged_into"})
    assert data["criteria"]["criteria"][0].keys() >= {"tests", "words", "records"} and "path" not in data["criteria"]


def test_what_is_missing_names_who_holds_it(workspace: Workspace) -> None:
    """A check is for a person to ask; an outcome overrides what the rule says, and the headline tells it so."""
    who = candidate_list(workspace, ALLOWANCE).candidates[0].subject
    asked = explain_subject(workspace, ALLOWANCE, who)
    report_outcome(workspace, ALLOWANCE, who, "declined", "王芳")
    declined = explain_subject(workspace, ALLOWANCE, who)

    assert isinstance(asked, SubjectExplanation) and isinstance(declined, SubjectExplanation)
    assert asked.checklist and not asked.overridden and asked.outcome is None
    assert declined.overridden and declined.outcome is not None and declined.outcome.outcome == "declined"
    assert "by the rule" in headline(declined).en and "by the rule" not in headline(asked).en


def test_nobody_has_no_verdict(workspace: Workspace) -> None:
    """A token that is registered nowhere has neither verdict nor criteria."""
    result = explain_subject(workspace, POLICY, 1)

    assert isinstance(result, SubjectExplanation) and (result.verdict, result.criteria, result.missing) == (None, None, ())
