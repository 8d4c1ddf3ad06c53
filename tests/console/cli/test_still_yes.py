"""Still yes: candidates who need evidence and are a yes for every missing value are marked in list, explanation and export."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

from tests.console.conftest import Run

EITHER = """
format: 1
policy: either-age
version: 1
direction: benefit
subject: person
scope: {division: "310107"}
title: {zh: 不论年龄, en: Whatever the age}
source: {document: 示例, issuer: 示例, note: {zh: 示例, en: An example}}
agency: putuo-civil-affairs
purpose: assistance
effective: {from: 2026-05-01, to: null}
discloses: [hukou.name]
criteria:
  any:
    - {id: young, label: {zh: 不满65周岁, en: under 65}, age_of: hukou.birth_date, op: lt, value: 65}
    - {id: old, label: {zh: 年满65周岁, en: aged 65 or over}, age_of: hukou.birth_date, op: ge, value: OLD}
"""


def test_whatever_the_missing_value_is(run: Run, district: Path, tmp_path: Path) -> None:
    """Two criteria cover all ages, so a missing birth date does not matter and candidates are marked; with a gap of a year they are not."""
    place = tmp_path / "w"
    shutil.copytree(district, place)
    marked = {}
    for version, old in ((1, 65), (2, 66)):
        draft = tmp_path / f"{version}.yaml"
        draft.write_text(EITHER.replace("OLD", str(old)).replace("version: 1", f"version: {version}"), encoding="utf-8")
        published = run("policy", "publish", draft, "--by", "王芳", "--approved-by", "李强", "--yes", "--workspace", place)
        assert published.exit_code == 0, published.output
        words = ("candidates", "list", "either-age", "--status", "needs_evidence", "--workspace", place)
        rows = json.loads(run(*words, "--json").stdout)
        listed, subject = run(*words).stdout, rows[0]["subject"]
        why = run("explain", "either-age", subject, "--workspace", place).stdout
        out = tmp_path / f"{version}.csv"
        run("candidates", "export", "either-age", "--out", out, "--workspace", place)
        marked_rows = [
            row for row in csv.DictReader(out.open(encoding="utf-8-sig")) if any("无论" in (cell or "") for cell in row.values())
        ]
        marked[version] = ({row["still_yes"] for row in rows}, "＊" in listed, "无论" in why, len(marked_rows) == len(rows))

    assert marked == {1: ({True}, True, True, True), 2: ({False}, False, False, False)}
