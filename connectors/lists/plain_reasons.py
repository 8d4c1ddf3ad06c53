"""Why somebody is on a list, in sentences that a resident can read: no codes, no truth values, no keys.

``services.exports.visit_sheets`` puts them on visit sheets. A value from a record is in a sentence only where the list for the agency may
show it; otherwise the sentence names the unit and its kind of record. Absence is told with the day up to which the unit has declared its
records complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from connectors.lists.change_words import criterion_name
from matchers.reading.comparisons import AgeComparison
from matchers.reading.explain import Criterion, Explanation
from policies.language.catalogue import Catalogue, Field, FieldType
from policies.language.tree import Age, Check, Compare, DateTest, FieldRef, Leaf, Quantifier, Site, Sum, feeds_of, leaves, walk
from policies.values import Kind, Text

SUBJECTS: Mapping[Kind, Text] = {
    Kind.PERSON: Text("您", "you"),
    Kind.HOUSEHOLD: Text("您家", "your household"),
    Kind.DWELLING: Text("该住房", "this dwelling"),
}
_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]


@dataclass(frozen=True, slots=True)
class CompleteTo:
    """A unit's statement: its records are complete up to this day."""

    unit: str
    day: date


@dataclass(frozen=True, slots=True)
class PlainReasons:
    """A verdict for a resident.

    Args:
        reasons: what speaks for the subject.
        missing: what is not certain, because no unit has given the record.
        questions: what a person asks.
        papers: what to bring for the open criteria.
    """

    reasons: tuple[str, ...]
    missing: tuple[str, ...]
    questions: tuple[str, ...]
    papers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlainWords:
    """The sentences of one policy in one language.

    Args:
        disclosed: the fields that the agency may see.
        complete: the statements that prove the absence on which a criterion rests in a feed.
    """

    catalogue: Catalogue
    language: str
    disclosed: frozenset[FieldRef]
    complete: Callable[[Criterion, str], Sequence[CompleteTo]]

    def reasons(self, explained: Explanation) -> PlainReasons:
        """The sentences about one subject; each once, in the order of the policy."""
        verdict, kind = explained.verdict, explained.policy.subject
        nodes = {leaf.meta.path: leaf for leaf in leaves(explained.policy.criteria)}
        relevant = [(nodes.get(criterion.meta.path), criterion) for criterion in _relevant(explained.criteria)]
        read = [(leaf, criterion) for leaf, criterion in relevant if leaf is not None]
        lacking = {id for id, _, _ in verdict.missing}
        certain = [(leaf, c) for leaf, c in relevant if c.truth is not None and c.meta.id not in verdict.checklist]
        speaking = [self._sentence(leaf, c, kind) for leaf, c in certain if c.truth is not c.negated]
        missing = [self._missing(leaf, c) for leaf, c in read if leaf.meta.id in lacking and not isinstance(leaf, Check)]
        questions = [leaf.text[self.language] for leaf, _ in read if isinstance(leaf, Check) and leaf.meta.id in verdict.checklist]
        open_ids = lacking | set(verdict.checklist)
        return PlainReasons(_once(speaking), _once(missing), _once(questions), _once(self._papers(explained, open_ids)))

    def _papers(self, explained: Explanation, open_ids: set[str]) -> Iterator[str]:
        """The papers of the policy, then those of every open criterion and of whatever stands around or inside it."""
        yield from (paper[self.language] for paper in explained.policy.papers)
        for site in walk(explained.policy.criteria):
            if site.node.meta.papers and open_ids & ({leaf.meta.id for leaf in leaves(site.node)} | _ids_above(site)):
                yield from (paper[self.language] for paper in site.node.meta.papers)

    def _sentence(self, leaf: Leaf | None, criterion: Criterion, kind: Kind) -> str:
        if leaf is None:
            case = criterion.meta.label or Text("", "")
            return self._say(f"适用“{case.zh}”。", f'The case "{case.en}" applies to {SUBJECTS[kind].en}.')
        if isinstance(leaf, Check):
            text = leaf.text[self.language]
            return self._say(f"{text}：已经核实。", f"{_capital(text)}: this was confirmed.")
        name, because = self._name(leaf), self._because(leaf, criterion, kind)
        if criterion.negated:
            return self._say(f"没有“{name}”这一情形：{because}。", f'The exception "{name}" does not apply: {because}.')
        return self._say(f"{name}：{because}。", f"{_capital(name)}: {because}.")

    def _missing(self, leaf: Leaf, criterion: Criterion) -> str:
        name = self._name(leaf)
        if criterion.negated:
            name = self._say(f"是否有“{name}”这一情形", f'whether the exception "{name}" applies')
        sources = [(feed, unit) for feed, unit in criterion.asks if feed is not None and unit is not None]
        if not sources:
            en = f"{_capital(name)}: not certain yet, for the standard is not published."
            return self._say(f"{name}：标准尚未公布，暂时不能确定。", en)
        zh = "、".join(f"{self._unit(unit)}的“{self._feed(feed)}”" for feed, unit in sources)
        en = " and ".join(f'the {self._unit(unit)} ("{self._feed(feed)}")' for feed, unit in sources)
        return self._say(f"{name}：缺少{zh}，暂时不能确定。", f"{_capital(name)}: not certain yet, for there is no record of {en}.")

    def _because(self, leaf: Leaf, criterion: Criterion, kind: Kind) -> str:
        match leaf:
            case Age() | Compare() | DateTest():
                return self._of_field(leaf.ref, criterion, kind)
            case Quantifier():
                return self._of_set(leaf, criterion, kind)
            case Sum():
                return self._by_units(criterion, leaf.addend.feed) or self._absent(leaf, criterion, kind)
            case _:
                return ""

    def _of_field(self, ref: FieldRef, criterion: Criterion, kind: Kind) -> str:
        field = self.catalogue.feeds[ref.feed].fields[ref.field]
        fact = next((fact for fact in criterion.facts if fact.feed == ref.feed and ref.field in dict(fact.fields)), None)
        if fact is None:
            return self._say(f"依据“{self._feed(ref.feed)}”", f'by the records "{self._feed(ref.feed)}"')
        if ref not in self.disclosed:
            return self._by(fact.unit, fact.feed)
        title, value = field.title[self.language], self._value(field, dict(fact.fields)[ref.field])
        years = criterion.comparison.years if isinstance(criterion.comparison, AgeComparison) else None
        aged = "" if years is None else self._say(f"，已满{years}周岁", f", an age of {years}")
        unit = self._unit(fact.unit)
        return self._say(f"{unit}登记的{title}是{value}{aged}", f"the {title} that the {unit} has on record is {value}{aged}")

    def _of_set(self, leaf: Quantifier, criterion: Criterion, kind: Kind) -> str:
        if leaf.kind in ("all", "count"):
            return self._by_units(criterion, leaf.path[-1].name) or self._absent(leaf, criterion, kind)
        units = {fact.unit for fact in criterion.facts if fact.feed in feeds_of(leaf)}
        says_presence = criterion.truth is (leaf.kind == "some")
        if not units or not says_presence:
            return self._absent(leaf, criterion, kind)
        whose, records = self._whose(leaf, kind), self._feed_of(leaf)
        zh, en = "、".join(map(self._unit, sorted(units))), " and the ".join(map(self._unit, sorted(units)))
        return self._say(f"{zh}的“{records}”中有{whose}的记录", f'the {en} has a record of {whose} ("{records}")')

    def _by_units(self, criterion: Criterion, feed: str) -> str:
        """The units whose records of a feed were read; '' where there was none."""
        units = sorted({fact.unit for fact in criterion.facts if fact.feed == feed})
        return self._say("、", " and ").join(self._by(unit, feed) for unit in units)

    def _absent(self, leaf: Quantifier | Sum, criterion: Criterion, kind: Kind) -> str:
        """There is no record (of this kind): with the day up to which each unit has declared its records complete."""
        feed, whose = leaf.addend.feed if isinstance(leaf, Sum) else leaf.path[-1].name, self._whose(leaf, kind)
        of_this_kind = leaf.where is not None
        zh = f"“{self._feed(feed)}”中没有{whose}的{'这类' if of_this_kind else ''}记录"
        en = f'no {"such " if of_this_kind else ""}record of {whose} ("{self._feed(feed)}")'
        statements = self.complete(criterion, feed)
        if not statements:
            return self._say(zh, f"there is {en}")
        return self._say(
            "；".join(f"截至{self.day(s.day)}，{self._unit(s.unit)}的{zh}" for s in statements),
            "; ".join(f"the {self._unit(s.unit)} has {en} as of {self.day(s.day)}" for s in statements),
        )

    def _whose(self, leaf: Quantifier | Sum, kind: Kind) -> str:
        steps = {step.kind for step in leaf.path}
        if "members" in steps:
            return self._say("您家成员", "the members of your household")
        if "link" in steps:
            return self._say("您家户籍所在住房", "the dwelling where your household is registered")
        return SUBJECTS[kind][self.language]

    def _feed_of(self, leaf: Quantifier) -> str:
        last = leaf.path[-1]
        names = [last.name] if last.kind != "members" or leaf.where is None else sorted(feeds_of(leaf) - {last.name}) or [last.name]
        return self._feed(names[0])

    def _by(self, unit: str, feed: str) -> str:
        en = f'by the records of the {self._unit(unit)} ("{self._feed(feed)}")'
        return self._say(f"依据{self._unit(unit)}的“{self._feed(feed)}”", en)

    def _name(self, leaf: Leaf) -> str:
        return criterion_name(leaf, self.catalogue)[self.language]

    def _value(self, field: Field, text: str) -> str:
        match field.type:
            case FieldType.DATE if text:
                return self.day(date.fromisoformat(text))
            case FieldType.DIVISION if text in self.catalogue.divisions:
                return self.catalogue.divisions[text][self.language]
            case FieldType.ENUM:
                return field.value_title(text, self.language)
            case _:
                return text

    def day(self, day: date) -> str:
        """A day as people say it: 2026年10月15日, 15 October 2026."""
        return self._say(f"{day.year}年{day.month}月{day.day}日", f"{day.day} {_MONTHS[day.month - 1]} {day.year}")

    def _unit(self, unit: str) -> str:
        return self.catalogue.units[unit].title[self.language]

    def _feed(self, feed: str) -> str:
        return self.catalogue.feeds[feed].title[self.language]

    def _say(self, zh: str, en: str) -> str:
        return en if self.language == "en" else zh


def _relevant(criterion: Criterion) -> Iterator[Criterion]:
    """The leaves, without the alternatives that do not hold; before those of an alternative with a label, the alternative itself."""
    if not criterion.children:
        yield criterion
    is_choice = (criterion.form == "any") is not criterion.negated
    for child in criterion.children:
        if is_choice and child.truth is child.negated:
            continue
        if criterion.form == "any" and child.children and child.meta.label is not None and child.truth is True and not child.negated:
            yield child
        yield from _relevant(child)


def _ids_above(site: Site) -> set[str]:
    ids: set[str] = set()
    while site.above is not None:
        site = site.above
        ids.add(site.node.meta.id)
    return ids


def _once(sentences: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sentences))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
