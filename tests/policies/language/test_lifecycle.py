"""The life of a version: the table, its words and page, the two people."""

from __future__ import annotations

from pathlib import Path

from policies.language.lifecycle import TRANSITIONS, WORDS, Event, Life, transitions_page

ROOT = Path(__file__).parents[3]


def test_the_table_has_every_state_and_cause() -> None:
    """A life begins as a draft, every state is reached from it, and a withdrawal ends it."""
    leads = {state: {after for before, afters in TRANSITIONS.values() if state in before for after in afters} for state in Life}
    reached = {Life.DRAFT}
    for _ in Life:
        reached |= {after for state in reached for after in leads[state]}

    assert reached == set(Life) and set(TRANSITIONS) == set(Event)
    assert not leads[Life.WITHDRAWN] and all(Life.DRAFT not in afters for afters in leads.values())


def test_the_words_are_those_of_the_pages() -> None:
    """One word each; the rules pages show the table as it is drawn, and the glossary names every state."""
    glossary = next(
        line for line in (ROOT / "GLOSSARY.md").read_text(encoding="utf-8").splitlines() if line.startswith("| version state |")
    )

    assert set(WORDS) == {*Life, *Event} and len({word.zh for word in WORDS.values()}) == len({word.en for word in WORDS.values()}) == len(
        WORDS
    )
    assert all(
        transitions_page(language) in (ROOT / "docs" / language / "rules.md").read_text(encoding="utf-8") for language in ("zh", "en")
    )
    assert all(WORDS[state].zh in glossary and WORDS[state].en in glossary for state in Life)
