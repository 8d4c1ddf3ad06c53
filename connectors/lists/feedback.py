"""The columns of a list that its agency fills in: the outcome, its day, the criterion that was wrong, and an answer to each check.

``services.exports.candidates`` puts them into an exported list. ``connectors.lists.outcomes`` reads them when the very file comes back, by
the same titles and words.
"""

from __future__ import annotations

from connectors.lists.exports import Column, ColumnKind
from connectors.lists.outcome_form import OutcomeForm
from connectors.lists.titles import CRITERION, OUTCOME, OUTCOME_DAY, YES_NO, plain
from policies.language.tree import Check, Leaf, leaves
from streams.ledgers.outcomes import TITLES


def feedback_columns(form: OutcomeForm, language: str) -> tuple[Column, ...]:
    """The columns of a policy's list that wait for the agency, in the reader's language."""
    checks = [leaf for leaf in leaves(form.policy.criteria) if isinstance(leaf, Check)]
    yes_no = tuple(word[language] for word in YES_NO)
    return (
        Column(OUTCOME[language], width=12, choices=tuple(title[language] for title in TITLES.values()), entry=True),
        Column(OUTCOME_DAY[language], ColumnKind.DATE, width=11, entry=True),
        Column(CRITERION[language], width=16, choices=_criteria(form, language), entry=True),
        *(Column(_question(check, form, language), width=14, choices=yes_no, entry=True) for check in checks),
    )


def _criteria(form: OutcomeForm, language: str) -> tuple[str, ...]:
    """The criteria by label, or by id where the label is missing or means several."""
    return tuple(dict.fromkeys(_criterion(leaf, form, language) for leaf in leaves(form.policy.criteria)))


def _criterion(leaf: Leaf, form: OutcomeForm, language: str) -> str:
    label = leaf.text if isinstance(leaf, Check) else leaf.meta.label
    return label[language] if label is not None and form.criterion(label[language]) == leaf.meta.id else leaf.meta.id


def _question(check: Check, form: OutcomeForm, language: str) -> str:
    """The question of a check, or its id where another column may have that title."""
    text = check.text[language]
    others = [words for id, words in form.checks.items() if id != check.meta.id] + list(form.columns.values())
    return check.meta.id if plain(text) in {plain(word) for words in others for word in words} else text
