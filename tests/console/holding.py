"""A small workspace for tests of holds: sixty made-up people on the roll of a benefit, and the deliveries of its unit.

All data come in through the command line. A file of the roll is always the whole roll of its unit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from tests.connectors.samples import resident
from tests.console.conftest import Run

POLICY = "winter-heating"
PEOPLE = ("--by", "王芳", "--approved-by", "李强")
ON_ROLL = range(1, 61)
OLD, OLDER = date(1964, 1, 1), date(1950, 1, 1)
"""Days of birth: too young for the second version, and old enough."""
NINETY = 3
"""The people with numbers up to this one turn ninety on 25 October 2026, and are then too old for any version."""

UNITS = """
format: 1
units:
  - {id: police, kind: member, division: "310107", title: {zh: 派出所, en: Police}}
  - {id: civil, kind: cooperating, division: "310107", title: {zh: 民政局, en: Civil affairs}, contact: {phone: 021-00000004}}
"""
RESIDENTS = """
format: 1
feed: residents
sources: [{unit: police, division: "310107"}]
title: {zh: 居民, en: Residents}
subject: person
registers: person
cardinality: one
key: id_number
order: delivery
identify: {person: {column: id_number, scheme: cn-resident-id}}
division: division
fields:
  birth_date: {type: date, title: {zh: 出生日期, en: date of birth}}
  division: {type: division, title: {zh: 街镇, en: street}}
agreement: {purposes: [assistance], discloses: [division], until: 2027-12-31}
delivery: {format: csv, encoding: utf-8}
"""
ROLL = """
format: 1
feed: low_income
sources: [{unit: civil, division: "310107"}]
title: {zh: 低收入名册, en: Low income roll}
subject: person
cardinality: many
key: roll_no
order: delivery
identify: {person: {column: id_number, scheme: cn-resident-id}}
fields:
  grade: {type: enum, values: {a: 甲, b: 乙}, title: {zh: 等级, en: grade}}
agreement: {purposes: [assistance], discloses: [], until: 2027-12-31}
delivery: {format: csv, encoding: utf-8, bounds: {late_after: P10D}}
"""
DRAFT = """
format: 1
policy: winter-heating
version: 1
direction: benefit
subject: person
scope: {division: "310107"}
title: {zh: 冬季取暖补助, en: Winter heating allowance}
source: {document: 取暖补助办法（示例）, issuer: 普陀区（示例）}
agency: civil
purpose: assistance
effective: {from: 2026-10-01, to: null}
evidence: {low_income: {max_age: P90D}}
discloses: []
criteria:
  id: due
  all:
    - {id: aged, cite: 第一条, label: {zh: 年满60周岁, en: aged 60 or over}, age_of: residents.birth_date, op: ge, value: 60}
    - {id: below, cite: 第一条, label: {zh: 不满90周岁, en: under 90}, age_of: residents.birth_date, op: lt, value: 90}
    - {id: poor, cite: 第二条, label: {zh: 在低收入名册上, en: on the roll}, quantifier: some, over: low_income}
"""


class HoldWorkspace:
    """The command line in that workspace, and the files that it takes in."""

    def __init__(self, run: Run, folder: Path) -> None:
        self.run, self.folder = run, folder

    def data(self, *words: object) -> Any:
        """The JSON that a verb prints."""
        return json.loads(self.run_ok(*words, "--json").stdout)

    def run_ok(self, *words: object) -> Any:
        """The result of a verb that must succeed."""
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return result

    def statement(self, statement: str, to: str) -> tuple[object, ...]:
        """Write a statement that the roll is complete; returns the words that take it in."""
        document = {"format": 1, "statement": statement, "feed": "low_income", "unit": "civil", "division": "310107", "complete_to": to}
        (self.folder / f"{statement}.jsonl").write_text(json.dumps(document) + "\n", encoding="utf-8")
        return ("feed", "coverage", self.folder / f"{statement}.jsonl")

    def roll(self, name: str, numbers: Iterable[int]) -> tuple[object, ...]:
        """Write a whole roll of these people; returns the words that take it in."""
        lines = [f"R{number},{resident(number)},a\n" for number in numbers]
        (self.folder / name).write_text("roll_no,id_number,grade\n" + "".join(lines), encoding="utf-8")
        return ("ingest", "low_income", self.folder / name, "--replace")

    def draft(self, version: int, age: int) -> Path:
        """Write a version of the policy with this age limit."""
        text = DRAFT.replace("version: 1", f"version: {version}").replace("value: 60", f"value: {age}")
        path = self.folder / f"v{version}.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    def candidates(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.data("candidates", "list", POLICY)
        return rows

    def holds(self, *words: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.data("holds", "list", *words)
        return rows


def birth_date(number: int) -> date:
    return date(1936, 10, 25) if number <= NINETY else OLDER if number <= 33 else OLD


def place(run: Run, folder: Path) -> HoldWorkspace:
    """The workspace with its residents and the roll, before any coverage statement."""
    assert run("init").exit_code == 0
    (folder / "w/units.yaml").write_text(UNITS, encoding="utf-8")
    for name, text in (("residents", RESIDENTS), ("low_income", ROLL)):
        (folder / f"w/feeds/{name}.yaml").write_text(text, encoding="utf-8")
    rows = [f"{resident(number)},{birth_date(number)},310107020000\n" for number in range(1, 81)]
    (folder / "residents.csv").write_text("id_number,birth_date,division\n" + "".join(rows), encoding="utf-8")
    workspace = HoldWorkspace(run, folder)
    workspace.run_ok("ingest", "residents", folder / "residents.csv")
    workspace.run_ok(*workspace.roll("whole.csv", ON_ROLL))
    return workspace


def town(run: Run, folder: Path) -> HoldWorkspace:
    """The workspace, with sixty people on the list of its policy."""
    workspace = place(run, folder)
    workspace.run_ok(*workspace.statement("s-roll", "2026-10-14"))
    workspace.run_ok("policy", "publish", workspace.draft(1, 60), *PEOPLE, "--yes")
    return workspace
