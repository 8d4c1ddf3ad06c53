"""Coverage statements: taken only if every word is understood."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from connectors.contracts.faults import UnreadableFile
from connectors.intake.coverage import read_statements
from policies.problems.problems import Invalid
from streams.language.messages import CoverageStated, CoverageWithdrawn
from tests.connectors.samples import TOKENS, catalogue, resident, write_text_file

RECEIVED = date(2026, 10, 2)
STATED = {"format": 1, "statement": "c1", "feed": "insurance", "unit": "insurance", "division": "310107", "complete_to": "2026-10-01"}


def read(folder: Path, *lines: object) -> list[CoverageStated | CoverageWithdrawn]:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    return read_statements(write_text_file(folder / "coverage.jsonl", text), catalogue(), TOKENS, RECEIVED)


def test_statements_become_messages_in_order(tmp_path: Path) -> None:
    """A division with its delivery, a list of people beside the file, a withdrawal."""
    write_text_file(tmp_path / "answer.csv", f"name,id_number\n张,{resident(2)}\n李,{resident(1)}\n", "gb18030")
    people = {k: v for k, v in STATED.items() if k != "division"} | {"statement": "c2", "subjects": "answer.csv"}

    messages = read(
        tmp_path, STATED | {"delivery": {"id": "d-1", "rows": 5}}, "", people, {"format": 1, "statement": "c1", "withdrawn": True}
    )

    tokens = tuple(sorted(TOKENS.person([resident(1), resident(2)]).tolist()))
    assert messages == [
        CoverageStated("c1", "insurance", 0, "310107", (), date(2026, 10, 1), "d-1", 5, RECEIVED),
        CoverageStated("c2", "insurance", 0, None, tokens, date(2026, 10, 1), received=RECEIVED),
        CoverageWithdrawn("c1"),
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"feed": "insurnce"}, "Did you mean insurance"),
        ({"unit": "psb"}, "no source of this feed"),
        ({"division": "310110"}, "not within 310107"),
        ({"division": "3101070"}, "2, 4, 6, 9 or 12"),
        ({"division": "000000"}, "not beginning with 00"),
        ({"division": None}, "either"),
        ({"subjects": "x.csv"}, "either"),
        ({"division": None, "subjects": "../x.csv"}, "same folder"),
        ({"division": None, "subjects": "none.csv"}, "does not exist"),
        ({"division": None, "subjects": "bad.csv"}, "rows 2"),
        ({"complete_to": "yesterday"}, "not a date"),
        ({"complete_to": None}, "'complete_to' is missing"),
        ({"complete_to": "2026-10-03"}, "later than 2026-10-02, the day of receipt"),
        ({"complete_to": "2036-10-01"}, "later than 2026-10-02, the day of receipt"),
        ({"delivery": {"id": "kafka:hukou/0", "rows": 3}}, "never whole"),
        ({"withdrawn": True}, "nothing else"),
        ({"colour": "red"}, "unknown key"),
    ],
)
def test_a_statement_not_understood_is_refused(tmp_path: Path, change: dict[str, object], words: str) -> None:
    """Each fault names its line."""
    write_text_file(tmp_path / "bad.csv", "id_number\nnobody\n")

    with pytest.raises(Invalid) as raised:
        read(tmp_path, STATED | {"statement": "c0"}, STATED | change)

    assert any(words in p.text.en and p.line == 2 for p in raised.value.problems), raised.value.text.en


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    """Broken JSON, a wrong unit and an id used twice are told together."""
    with pytest.raises(Invalid) as raised:
        read(tmp_path, STATED, "{", STATED | {"statement": "c2", "unit": "x"}, STATED | {"complete_to": "2026-10-02"})

    assert [p.line for p in raised.value.problems] == [2, 3, 4]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """One sentence, exit code 3."""
    with pytest.raises(UnreadableFile):
        read_statements(tmp_path / "none.jsonl", catalogue(), TOKENS, RECEIVED)
