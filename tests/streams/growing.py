"""Random messages of a network whose contracts grow while records come; the same for the same seed.

A run is a list of events (growths, rows, policies), from which two lists of messages are made. In one, each message comes with the catalogue
of its time. In the other, the last catalogue holds from the beginning, and a field that came later is an empty cell in the rows before it.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random
from typing import Any

import numpy as np

from matchers.kernel.batch import DELETED, MISSING, OPEN_FROM, OPEN_TO, QUARANTINED, RecordBatch
from matchers.worlds import encoded_cell, key, token
from policies.checking.checker import check
from policies.contracts.growth import succeeding
from policies.language.catalogue import Catalogue, FieldType
from policies.values import Kind
from policies.yaml.document import load
from streams.language.messages import CatalogueSet, CoverageStated, DeliveryCompleted, DeliveryStarted, Input, PolicyPublished, Tick
from tests.streams.world import build

DAY = date(2026, 10, 15)
STREETS = ("310107020", "310107021", "310107014")
PERSONS, HOUSEHOLDS = 9, 3
UNITS = "format: 1\nunits:\n" + "".join(
    f'  - {{id: {unit}, kind: member, division: "310107", title: {{zh: {unit}, en: {unit}}}}}\n' for unit in ("psb", "aid", "street")
)
_AGREED = "{purposes: [assistance], discloses: [], until: 2030-12-31}"
_PERSON = "{person: {column: id_number, scheme: cn-resident-id}}"
FEEDS: Mapping[str, Mapping[str, Any]] = {
    "household": {
        "head": "subject: household\nregisters: household\ncardinality: one\nkey: household_no\norder: changed_at\ndivision: division\n"
        "identify: {household: {column: household_no, scheme: opaque, space: psb/household}}\n",
        "fields": {"division": "type: division", "size": "type: int, min: 1, max: 9"},
    },
    "hukou": {
        "head": "subject: person\nregisters: person\ncardinality: one\nkey: id_number\norder: changed_at\ndivision: division\n"
        f"identify: {_PERSON}\nlinks: {{household: {{column: household_no, scheme: opaque, space: psb/household}}}}\n",
        "fields": {"born": "type: date", "division": "type: division"},
    },
    "benefit": {
        "head": f"subject: person\ncardinality: many\nkey: no\norder: changed_at\nidentify: {_PERSON}\n",
        "fields": {"kind": "type: enum, values: {basic: 基本, extra: 补充}", "amount": "type: decimal, scale: 2, min: 0, max: 999.99"},
    },
    "income": {
        "head": f"subject: person\ncardinality: one\nkey: id_number\norder: changed_at\nidentify: {_PERSON}\n",
        "fields": {"monthly": "type: decimal, scale: 2, min: 0, max: 4000"},
    },
    "meals": {
        "head": f"subject: person\ncardinality: many\nkey: no\norder: changed_at\nidentify: {_PERSON}\n",
        "fields": {"cost": "type: int, min: 0, max: 99"},
    },
}
GROWTHS: Mapping[str, tuple[str, str, str]] = {
    "grade": ("field", "benefit", "type: enum, values: {low: 低, high: 高}"),
    "level": ("field", "income", "type: int, min: 0, max: 9"),
    "sex": ("field", "hukou", "type: enum, values: {male: 男, female: 女}"),
    "name": ("field", "hukou", "type: text, sensitivity: identity"),
    "remark": ("field", "household", "type: text"),
    "middle": ("kind", "benefit", "type: enum, values: {basic: 基本, middle: 中间, extra: 补充}"),
    "wide": ("amount", "benefit", "type: decimal, scale: 2, min: -5, max: 99999999999"),
    "rich": ("monthly", "income", "type: decimal, scale: 2, min: 0, max: 9000"),
    "big": ("size", "household", "type: int, min: 1, max: 20"),
    "street": ("source", "benefit", "street"),
    "meals": ("feed", "meals", ""),
}
"""The possible growths by name: what grows, in which feed, and the text."""
POLICIES: Mapping[str, tuple[str, str, str]] = {
    "plain": ("", "person", "{id: none, quantifier: none, over: benefit, where: {id: basic, field: kind, op: eq, value: basic}}"),
    "other": ("", "person", "{id: some, quantifier: some, over: benefit, where: {id: not_basic, field: kind, op: ne, value: basic}}"),
    "poor": ("", "household", "{id: poor, sum_of: income.monthly, over: members, per: household.size, op: lt, value: 2100}"),
    "paid": ("", "person", "{id: paid, sum_of: amount, over: benefit, op: lt, value: 1200}"),
    "graded": (
        "grade",
        "person",
        "{id: high, quantifier: none, over: benefit, where: {id: high_grade, field: grade, op: eq, value: high}}",
    ),
    "levelled": ("level", "person", "{id: level, field: income.level, op: ge, value: 3}"),
    "women": ("sex", "person", "{id: female, field: hukou.sex, op: eq, value: female}"),
    "between": (
        "middle",
        "person",
        "{id: mid, quantifier: some, over: benefit, where: {id: is_mid, field: kind, op: in, value: [middle, extra]}}",
    ),
    "hungry": ("meals", "person", "{id: hungry, quantifier: none, over: meals}"),
}
"""Policies by name: the growth each needs, its kind of subject, its criterion."""


@dataclass(slots=True)
class Contracts:
    """The contracts as they are now; additions stand first, so that nothing may depend on the order of the text."""

    fields: dict[str, dict[str, str]] = field(default_factory=lambda: {n: dict(f["fields"]) for n, f in FEEDS.items() if n != "meals"})
    sources: dict[str, list[str]] = field(default_factory=lambda: {name: ["psb"] for name in FEEDS})

    def grow(self, name: str) -> None:
        where, feed, definition = GROWTHS[name]
        if where == "source":
            self.sources[feed].append(definition)
        elif where == "feed":
            self.fields = {feed: dict(FEEDS[feed]["fields"]), **self.fields}
        else:
            place = name if where == "field" else where
            self.fields[feed] = {place: definition, **{n: text for n, text in self.fields[feed].items() if n != place}}

    def message(self) -> CatalogueSet:
        return CatalogueSet(UNITS, {f"feeds/{name}.yaml": self._text(name) for name in self.fields})

    def _text(self, name: str) -> str:
        sources = ", ".join(f'{{unit: {unit}, division: "310107"}}' for unit in self.sources[name])
        fields = "".join(f"  {at}: {{{text}, title: {{zh: {at}, en: {at}}}}}\n" for at, text in self.fields[name].items())
        head = f"format: 1\nfeed: {name}\ntitle: {{zh: {name}, en: {name}}}\nsources: [{sources}]\n{FEEDS[name]['head']}"
        head += "delivery: {bounds: {shrinks_to: 0, moves: 1}}\n"  # no line is held back, so the lists follow from the records alone
        return f"{head}fields:\n{fields}agreement: {_AGREED}\n"


def policy_text(name: str) -> str:
    _, subject, criterion = POLICIES[name]
    feeds = {"poor": ["hukou", "income"], "levelled": [], "women": [], "hungry": ["meals"]}.get(name, ["benefit"])
    evidence = ", ".join(f"{feed}: {{max_age: P30D}}" for feed in feeds)
    return (
        f'format: 1\npolicy: {name}\nversion: 1\ndirection: benefit\nsubject: {subject}\nscope: {{division: "310107"}}\n'
        f"title: {{zh: {name}, en: {name}}}\nsource: {{document: 示例, issuer: 示例, published: 2026-01-01}}\nagency: aid\n"
        f"purpose: assistance\neffective: {{from: 2026-10-01, to: null}}\nevidence: {{{evidence}}}\ndiscloses: []\n"
        f"criteria:\n  id: main\n  all:\n    - {criterion}\n"
    )


@dataclass(frozen=True, slots=True)
class Rows:
    """One delivery: rows as (subject, flags, order, values by field), and the number of the catalogue of its time."""

    feed: str
    source: int
    delivery: int
    replaces: bool
    rows: tuple[tuple[int, int, int, Mapping[str, Any]], ...]
    catalogue_number: int

    def messages(self, catalogue: Catalogue) -> list[Input]:
        id = f"{self.feed}-{self.source}-{self.delivery}"
        head = (self.feed, self.source, self.delivery, id)
        return [DeliveryStarted(*head, self.replaces), self.batch(catalogue), DeliveryCompleted(*head, len(self.rows), 0, self.replaces)]

    def batch(self, catalogue: Catalogue) -> RecordBatch:
        feed, n = catalogue.feeds[self.feed], len(self.rows)
        values, texts = {}, {}
        for column in feed.matrix_fields():
            cells = [None if flags else encoded_cell(column, row_values.get(column.name)) for _, flags, _, row_values in self.rows]
            if column.type in (FieldType.TEXT, FieldType.DIVISION):
                texts[column.name] = tuple(sorted({str(cell) for cell in cells if cell is not None}))
                cells = [None if cell is None else texts[column.name].index(str(cell)) for cell in cells]
            values[column.name] = np.array([MISSING if cell is None else cell for cell in cells], np.int64)
        household = [
            0 if flags else token(Kind.HOUSEHOLD, str(row_values["of"])) for _, flags, _, row_values in self.rows if "of" in row_values
        ]
        subjects = [token(feed.subject, str(subject)) for subject, _, _, _ in self.rows]
        names = [f"{self.source}/{row_values.get('no', subject)}" for subject, _, _, row_values in self.rows]
        identity = any(column.identity for column in feed.fields.values())
        return RecordBatch(
            self.feed, self.source, self.delivery, np.array([key(name) for name in names], np.uint64), np.array(subjects, np.uint64),
            np.array([order for _, _, order, _ in self.rows], np.int64), np.arange(1, n + 1, dtype=np.int32),
            np.array([flags for _, flags, _, _ in self.rows], np.uint8), np.full(n, OPEN_FROM), np.full(n, OPEN_TO),
            {"household": np.array(household, np.uint64)} if self.feed == "hukou" else {}, values, texts,
            np.arange(n, dtype=np.uint64) if identity else None,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """One of the three messages of a delivery: its start, its rows or its end."""

    rows: Rows
    number: int

    def messages(self, catalogue: Catalogue) -> list[Input]:
        return [self.rows.messages(catalogue)[self.number]]

    @property
    def catalogue_number(self) -> int:
        return self.rows.catalogue_number


@dataclass(slots=True)
class Run:
    """A list of events: names of growths, deliveries, and messages that are the same under every catalogue."""

    happens: list[str | Rows | Piece | Input]

    def growing_messages(self) -> list[Input]:
        """The messages, with each catalogue at the time of its growth."""
        contracts, catalogues = Contracts(), list[Catalogue]()
        out: list[Input] = []
        for event in ["", *self.happens]:
            if isinstance(event, str):
                if event:
                    contracts.grow(event)
                out.append(contracts.message())
                catalogues.append(succeeding(catalogues[-1] if catalogues else None, build(out[-1].units, out[-1].contracts)))  # type: ignore[union-attr]
            elif isinstance(event, Rows | Piece):
                out += event.messages(catalogues[event.catalogue_number])
            else:
                out.append(event)
        return out

    def final_messages(self) -> list[Input]:
        """The messages, with the last catalogue from the beginning."""
        contracts = Contracts()
        for event in self.happens:
            if isinstance(event, str):
                contracts.grow(event)
        message = contracts.message()
        catalogue = build(message.units, message.contracts)
        rest = [
            event.messages(catalogue) if isinstance(event, Rows | Piece) else [event]
            for event in self.happens
            if not isinstance(event, str)
        ]
        return [message, *(message for some in rest for message in some)]


def apart(happens: Run, rng: Random) -> Run:
    """The run with other events between the messages of a delivery; half of the deliveries become full replacements."""
    out: list[tuple[float, str | Rows | Piece | Input]] = []
    for place, event in enumerate(happens.happens):
        if not isinstance(event, Rows):
            out.append((place, event))
            continue
        rows, at = replace(event, replaces=rng.random() < 0.5), float(place)
        for number in range(3):
            out.append((at, Piece(rows, number)))
            at += rng.choice([0.1, rng.uniform(0, 12)])
    return Run([event for _, event in sorted(out, key=lambda pair: pair[0])])


def run(seed: int, length: int = 40) -> Run:
    """A run of ``length`` events."""
    rng, contracts, day, era = Random(seed), Contracts(), DAY, 0
    out: list[str | Rows | Piece | Input] = [Tick(day)]
    left, published, deliveries = rng.sample(list(GROWTHS), rng.randint(4, len(GROWTHS))), set[str](), dict[tuple[str, int], int]()
    eras, growths = [copy.deepcopy(contracts)], set[str]()
    for number in range(length):
        what = rng.random()
        open = [name for name, (needs, _, _) in POLICIES.items() if name not in published and (not needs or needs in growths)]
        if what < 0.25 and left:
            name = left.pop()
            contracts.grow(name)
            eras.append(copy.deepcopy(contracts))
            growths.add(name)
            era += 1
            out.append(name)
        elif what < 0.4 and open:
            name = rng.choice(open)
            published.add(name)
            message = contracts.message()
            policy = check(load(policy_text(name), name), build(message.units, message.contracts)).policy
            assert policy is not None, (name, check(load(policy_text(name), name), build(message.units, message.contracts)).problems)
            out.append(PolicyPublished(name, 1, policy_text(name), policy.digest, "a", "b"))
        elif what < 0.5:
            feed = rng.choice([*contracts.fields])
            source = rng.randrange(len(contracts.sources[feed]))
            out.append(CoverageStated(f"s{number}", feed, source, "310107", (), day - timedelta(rng.randrange(9))))
        elif what < 0.55:
            day += timedelta(rng.randint(1, 20))
            out.append(Tick(day))
        else:
            feed = rng.choice([*contracts.fields])
            source = rng.randrange(len(contracts.sources[feed]))
            delivery = deliveries[feed, source] = deliveries.get((feed, source), 0) + 1
            late = era if rng.random() < 0.8 or feed not in eras[era - 1].fields else max(era - 1, 0)  # a client with the catalogue before
            out.append(Rows(feed, source, delivery, rng.random() < 0.15, _rows(rng, feed, eras[late].fields[feed]), late))
    return Run(out)


def _rows(rng: Random, feed: str, fields: Mapping[str, str]) -> tuple[tuple[int, int, int, Mapping[str, Any]], ...]:
    out, keys = [], set[object]()
    for _ in range(rng.randint(1, 8)):
        subject = rng.randrange(HOUSEHOLDS if feed == "household" else PERSONS)
        values: dict[str, Any] = {at: _cell(rng, text) for at, text in fields.items() if "identity" not in text}
        if feed == "hukou":
            values["of"] = rng.randrange(HOUSEHOLDS)
        if feed in ("benefit", "meals"):
            values["no"] = f"{subject}-{rng.randrange(3)}"
        if values.get("no", subject) not in keys:
            keys.add(values.get("no", subject))
            out.append((subject, rng.choices([0, int(DELETED), int(QUARANTINED)], [8, 1, 1])[0], rng.randint(1, 50), values))
    return tuple(out)


def _cell(rng: Random, text: str) -> Any:
    if rng.random() < 0.15:
        return None
    facts = dict(part.strip().split(": ", 1) for part in text.split(", ") if ": " in part and "{" not in part)
    match facts["type"]:
        case "enum":
            codes = [pair.split(":")[0].strip() for pair in text[text.index("{") + 1 : text.index("}")].split(",")]
            return rng.choice(codes)
        case "date":
            return date(1940, 1, 1) + timedelta(rng.randrange(20000))
        case "division":
            return rng.choice(STREETS)
        case "text":
            return rng.choice(["一", "二"])
        case _:
            low, high = float(facts["min"]), float(facts["max"])
            return rng.choice([int(low), int(high), int(rng.uniform(low, min(high, 3000)))])
