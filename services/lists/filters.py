"""Filters of a list: by street, status, outcome, person, and by what is new since an edition or a day.

``services.lists.candidates`` and ``services.exports.visit_sheets`` use them. Several values of one filter widen it; several filters narrow
each other. A value that nobody on any list of the policy could have is refused, with what was meant.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Protocol

from policies.language.people import person
from policies.problems.problems import HuiminError, comma_list, suggestion
from policies.values import Text, is_division
from services.access.run import reachable_divisions
from services.lists.follow_ups import working_states
from services.lists.reach import newest_policy
from streams.ledgers.outcomes import TITLES

if TYPE_CHECKING:
    from matchers.lists.verdicts import Candidate
    from streams.host import Host
    from streams.steps.state import State

STATUSES = {
    "eligible": Text("符合条件", "eligible"),
    "to_check": Text("待核实", "to check"),
    "needs_evidence": Text("缺证据", "needs evidence"),
}
NONE = ("none", "无")
"""As an outcome or a person: those who have none."""
_EDITION_DIGITS = 7
"""A shorter number is an edition, a longer one a day: 20261015."""


@dataclass(frozen=True, slots=True)
class ListFilter:
    """Which candidates of a list are wanted; an empty filter wants all.

    Args:
        streets: codes (also of larger divisions) or names.
        statuses, outcomes: words or titles; of outcomes also ``none``.
        assigned: names of persons, or ``none``.
        new_since: the number of an edition, or a day: those who were not on the list after it, or before that day.
    """

    streets: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    assigned: tuple[str, ...] = ()
    new_since: str | None = None


class FilterSubject(Protocol):
    """Whom a filter is asked about: a candidate, or a subject that has left the list."""

    @property
    def subject(self) -> int: ...
    @property
    def status(self) -> str | None: ...
    @property
    def division(self) -> str | None: ...


EVERYBODY = ListFilter()


def wanted_candidates(host: Host, state: State, policy: str, wanted: ListFilter, candidates: Iterable[Candidate]) -> list[Candidate]:
    """The candidates that a filter wants, in their order. Args and Raises: as for ``filter_test``."""
    is_wanted = filter_test(host, state, policy, wanted)
    return [c for c in candidates if is_wanted(c)]


def filter_test(host: Host, state: State, policy: str, wanted: ListFilter) -> Callable[[FilterSubject], bool]:
    """Whether a filter wants somebody.

    Args:
        state: of the host, on the day and moment that are asked about.

    Raises:
        HuiminError: a value of the filter is none that there could be.
    """
    tests: list[Callable[[FilterSubject], bool]] = []
    if (reach := reachable_divisions(newest_policy(state, policy))) is not None:
        tests.append(lambda c: (c.division or "").startswith(reach))
    if wanted.streets:
        prefixes = tuple(division_code(text, state.catalogue.divisions) for text in wanted.streets)
        tests.append(lambda c: (c.division or "").startswith(prefixes))
    if wanted.statuses:
        statuses = {_word(text, STATUSES, Text("状态", "status")) for text in wanted.statuses}
        tests.append(lambda c: c.status in statuses)
    if wanted.outcomes:
        words = {None if _is_none(text) else _word(text, TITLES, Text("反馈", "outcome")) for text in wanted.outcomes}
        tests.append(lambda c: _outcome(state, policy, c.subject) in words)
    if wanted.assigned:
        tests.append(_assigned_to(state, policy, wanted.assigned))
    if wanted.new_since is not None:
        before = _listed_before(host, state, policy, wanted.new_since)
        tests.append(lambda c: c.subject not in before)
    return lambda c: all(test(c) for test in tests)


def filter_values(state: State, wanted: ListFilter) -> list[tuple[Text, list[Text]]]:
    """Each filter that is set, with its values, in words.

    Raises:
        HuiminError: a value of the filter is none that there could be.
    """
    divisions, none = state.catalogue.divisions, Text("无", "none")
    streets = [division_code(text, divisions) for text in wanted.streets]
    outcomes = [none if _is_none(text) else TITLES[_word(text, TITLES, Text("反馈", "outcome"))] for text in wanted.outcomes]
    since = wanted.new_since.strip() if wanted.new_since is not None else None
    edition = since is not None and _is_edition(since)
    new = Text("新上名单，自期号" if edition else "新上名单，自", "new since edition" if edition else "new since")
    values = (
        (Text("街镇", "street"), [divisions.get(code, Text(code, code)) for code in streets]),
        (Text("状态", "status"), [STATUSES[_word(text, STATUSES, Text("状态", "status"))] for text in wanted.statuses]),
        (Text("反馈", "outcome"), outcomes),
        (Text("分派给", "assigned to"), [none if _is_none(name) else Text(name.strip(), name.strip()) for name in wanted.assigned]),
        (new, [] if since is None else [Text(since, since)]),
    )  # fmt: skip
    return [(title, texts) for title, texts in values if texts]


def filter_codes(state: State, wanted: ListFilter) -> list[str]:
    """The values of a filter as codes and words that are the same in every language, for the name of a file. Raises: as above."""
    divisions, status, outcome = state.catalogue.divisions, Text("状态", "status"), Text("反馈", "outcome")
    return [
        *(division_code(text, divisions) for text in wanted.streets),
        *(_word(text, STATUSES, status) for text in wanted.statuses),
        *(NONE[0] if _is_none(text) else _word(text, TITLES, outcome) for text in wanted.outcomes),
        *(NONE[0] if _is_none(text) else text for text in wanted.assigned),
        *([] if wanted.new_since is None else [wanted.new_since]),
    ]


def filter_words(values: Iterable[tuple[Text, list[Text]]]) -> Text:
    """A filter as a sentence without its end: ``street Yichuan Road; outcome none``."""
    parts = [
        (f"{title.zh} {'、'.join(text.zh for text in texts)}", f"{title.en} {', '.join(text.en for text in texts)}")
        for title, texts in values
    ]
    return Text("；".join(zh for zh, _ in parts), "; ".join(en for _, en in parts))


def _is_edition(text: str) -> bool:
    return text.isdigit() and len(text) <= _EDITION_DIGITS


def _is_none(text: str) -> bool:
    return text.strip().lower() in NONE


def _word(text: str, titles: Mapping[str, Text], what: Text) -> str:
    """The word of a title, or the word itself."""
    plain = " ".join(text.split()).lower()
    for word, title in titles.items():
        if plain in (word, title.zh, title.en):
            return word
    near = suggestion(plain, [*titles, *(title.zh for title in titles.values())])
    zh = f"没有{what.zh}“{text}”；应为{'、'.join(title.zh for title in titles.values())}。{near.zh}"
    raise HuiminError(Text(zh, f"There is no {what.en} {text!r}; expected {comma_list(titles)}.{near.en}"), 2)


def division_code(text: str, names: Mapping[str, Text]) -> str:
    """The code of a division from its code or one of its names."""
    plain = text.strip()
    codes = [code for code, name in names.items() if plain.casefold() in (name.zh.casefold(), name.en.casefold())]
    if len(codes) == 1:
        return codes[0]
    if is_division(plain):
        return plain
    near = suggestion(plain, [word for name in names.values() for word in (name.zh, name.en)])
    zh = f"没有街镇“{text}”；请写 units.yaml 中的名称或区划代码。{near.zh}"
    raise HuiminError(Text(zh, f"There is no street {text!r}; give a name of units.yaml, or the code of a division.{near.en}"), 2)


def _outcome(state: State, policy: str, subject: int) -> str | None:
    outcome = state.outcomes.of(policy, subject)
    return None if outcome is None else outcome.outcome


def _assigned_to(state: State, policy: str, names: Collection[str]) -> Callable[[FilterSubject], bool]:
    """Whether a candidate is assigned to one of these persons."""
    assigned = {subject: work.assigned_to.assigned_to or "" for subject, work in working_states(state, policy).items() if work.assigned_to}
    names_by_person, people = {person(name): name for name in assigned.values()}, {"" if _is_none(name) else person(name) for name in names}
    for name in names:
        if not _is_none(name) and person(name) not in names_by_person:
            near = suggestion(name, names_by_person.values())
            there = comma_list(sorted(names_by_person.values()))
            rest = (
                Text(f"现分派给：{there}。", f" There are: {there}.") if there else Text("还没有分派给任何人。", " Nobody is assigned yet.")
            )
            zh = f"这份名单没有分派给“{name}”的。{near.zh or rest.zh}"
            raise HuiminError(Text(zh, f"Nobody on this list is assigned to {name!r}.{near.en or rest.en}"), 2)
    return lambda c: person(assigned.get(c.subject, "")) in people


def _listed_before(host: Host, state: State, policy: str, since: str) -> set[int]:
    """The subjects on the list after an edition, or before a day."""
    from infra.settings import day
    from streams.host import place_of

    text, listed = since.strip(), set[int]()
    if _is_edition(text):
        last, before = _last_message(host, policy, int(text)), date.max
    else:
        last, before = state.offset, day(text)
    for line in host.outputs():
        if line.policy == policy and line.day < before and place_of(line.id)[0] <= last:
            (listed.discard if line.change == "left" else listed.add)(line.subject)
    return listed


def _last_message(host: Host, policy: str, number: int) -> int:
    """The last message of an edition."""
    count = 0
    for edition in host.editions(policy):
        if edition.number == number:
            return edition.offset
        count = edition.number
    zh = f"没有第 {number} 期；" + (f"最近一期是第 {count} 期。" if count else "这份名单还没有任何一期。")
    en = f"There is no edition {number}; " + (f"the last one is {count}." if count else "this list has none yet.")
    raise HuiminError(Text(zh, en), 2)
