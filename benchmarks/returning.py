"""What a returned list costs: thousands of outcomes from one file, on the demonstration's workspace. ``benchmarks.run`` calls it.

The policy lists everybody from sixty, discloses three fields and rests on an absence; a fifth of the outcomes refute a criterion. The list
behind the file is worked out by hand, and the same file again must change nothing.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from benchmarks.measure import Table
from console.cli.main import application
from infra.workspace.workspace import Workspace
from services.lists.candidates import candidate_list
from services.lists.returned_lists import ReturnedList, report_returned

POLICY = "visits-60"
DOCUMENT = """\
format: 1
policy: visits-60
version: 1
direction: benefit
subject: person
scope: {division: "310107"}
title: {zh: 六十岁以上走访, en: Visits to residents over 60}
source: {document: 示例, issuer: 示例, url: "https://example.org"}
agency: putuo-civil-affairs
purpose: assistance
effective: {from: 2016-05-01, to: null}
evidence: {elderly_allowance: {max_age: P90D}}
discloses: [hukou.name, hukou.birth_date, hukou.division]
criteria:
  id: due
  all:
    - {id: aged, cite: 一, label: {zh: 年满60周岁, en: aged 60 or over}, age_of: hukou.birth_date, op: ge, value: 60}
    - id: unpaid
      cite: 二
      label: {zh: 没有百岁津贴, en: no allowance at 100}
      quantifier: none
      over: elderly_allowance
      where: {id: paid, field: band, op: eq, value: b100}
"""
WORDS = ["enrolled"] * 4 + ["declined"] * 2 + ["already_receiving"] + ["not_eligible"] * 2 + ["contacted"]


@dataclass(frozen=True, slots=True)
class _Took:
    """Seconds, and seconds of processor."""

    seconds: float
    processor: float
    result: ReturnedList


def returning(table: Table, folder: Path, residents: int = 50_000, count: int = 6_000) -> None:
    """Measures a file of outcomes."""
    place = folder / "returning"
    _huimin("demo", "--residents", str(residents), "--keep", str(place))
    (folder / "visits.yaml").write_text(DOCUMENT, encoding="utf-8")
    _huimin("policy", "publish", str(folder / "visits.yaml"), "--by", "王芳", "--approved-by", "李强", "--yes", "--workspace", str(place))
    workspace = Workspace.open(place, {})
    listed = candidate_list(workspace, POLICY)
    people, rng = [candidate.subject for candidate in listed.candidates][:count], random.Random(1)
    outcomes = {subject: rng.choice(WORDS) for subject in people}
    file = folder / "back.jsonl"
    file.write_text("".join(_line(subject, word, listed.day.isoformat(), rng) for subject, word in outcomes.items()), encoding="utf-8")

    first, again = (_report(workspace, file) for _ in range(2))

    left = {subject for subject, word in outcomes.items() if word != "contacted"}
    assert first.result.new == len(people) and first.result.outcomes == dict(Counter(outcomes.values()))
    assert {line.subject for line in first.result.changes} == left
    behind = {candidate.subject for candidate in candidate_list(workspace, POLICY).candidates}
    assert behind == {candidate.subject for candidate in listed.candidates} - left, "who is listed behind the file, by hand"
    assert (again.result.new, again.result.known_before, len(again.result.changes)) == (0, len(people), 0)
    table.add(
        f"a returned list, {len(people):,} outcomes, {residents:,} residents",
        f"{first.seconds:.1f} s, {first.processor:.1f} s of processor", "≤ 2 s", is_met=first.seconds <= 2,
        against=f"the same file again, which changes nothing: {again.seconds:.1f} s",
    )  # fmt: skip


def _report(workspace: Workspace, file: Path) -> _Took:
    start, processor = time.perf_counter(), time.process_time()
    result = report_returned(workspace, POLICY, file)
    return _Took(time.perf_counter() - start, time.process_time() - processor, result)


def _line(subject: int, word: str, on: str, rng: random.Random) -> str:
    facts = {"token": f"{subject:016x}", "outcome": word, "on": on}
    criterion = {"criterion": rng.choice(["aged", "unpaid"])} if word == "not_eligible" else {}
    return json.dumps(facts | criterion) + "\n"


def _huimin(*words: str) -> None:
    result = CliRunner().invoke(application(), list(words))
    assert result.exit_code == 0, result.output
