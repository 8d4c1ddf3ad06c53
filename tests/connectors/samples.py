"""A small network for these tests, from the shipped formats: contracts, files, a host that only remembers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from stdnum.cn import ric

from connectors.contracts.catalogue import read_catalogue
from connectors.identity.tokens import Tokens
from matchers.kernel.batch import RecordBatch
from policies.language.catalogue import Catalogue
from streams.language.messages import CandidateChange, DeliveryCompleted, DeliveryStarted, Input

RECEIVED = date(2026, 10, 31)
"""The day on which files come in."""
TOKENS = Tokens(b"a key for tests, and only for them")

UNITS = """
format: 1
units:
  - {id: psb, kind: member, division: "310107", title: {zh: 人口办, en: Population office}}
  - {id: insurance, kind: cooperating, division: "310107", title: {zh: 医保中心, en: Insurance centre}}
"""

HUKOU = """
format: 1
feed: hukou
sources: [{unit: psb, division: "310107"}]
title: {zh: 户籍, en: Register}
subject: person
registers: person
cardinality: one
key: id_number
order: changed_at
identify: {person: {column: id_number, scheme: cn-resident-id}}
links: {household: {column: household_no, scheme: opaque, space: psb/household}}
division: division
fields:
  birth_date: {type: date, title: {zh: 出生日期, en: date of birth}, column: 出生日期}
  sex: {type: enum, values: {male: 男, female: 女}, title: {zh: 性别, en: sex}}
  division: {type: division, title: {zh: 街镇, en: street}}
  name: {type: text, sensitivity: identity, title: {zh: 姓名, en: name}}
agreement: {purposes: [enrolment], discloses: [name, birth_date, division], until: 2027-12-31}
"""

HOUSEHOLD = """
format: 1
feed: household
sources: [{unit: psb, division: "310107"}]
title: {zh: 户, en: Households}
subject: household
registers: household
cardinality: one
key: household_no
order: delivery
identify: {household: {column: household_no, scheme: opaque, space: psb/household}}
division: division
fields:
  division: {type: division, title: {zh: 街镇, en: street}}
  size: {type: int, unit: person, min: 1, max: 99, title: {zh: 户人数, en: size}}
agreement: {purposes: [], discloses: []}
"""

INSURANCE = """
format: 1
feed: insurance
sources: [{unit: insurance, division: "310107"}]
title: {zh: 医保, en: Insurance}
subject: person
cardinality: many
key: enrolment_no
order: changed_at
identify: {person: {column: id_number, scheme: cn-resident-id}}
validity: {from: valid_from, to: valid_to}
fields:
  status: {type: enum, values: {active: 正常, ended: 终止}, title: {zh: 状态, en: status}}
  paid: {type: decimal, unit: CNY, scale: 2, min: 0, max: 9999.99, title: {zh: 缴费, en: paid}}
  line: {type: text, title: {zh: 线, en: line}}
agreement: {purposes: [enrolment], discloses: [status], until: 2027-12-31}
"""

CONTRACTS = {"hukou.yaml": HUKOU, "household.yaml": HOUSEHOLD, "insurance.yaml": INSURANCE}
HUKOU_HEADER = "id_number,household_no,changed_at,出生日期,sex,division,name\n"
INSURANCE_HEADER = "enrolment_no,id_number,changed_at,valid_from,valid_to,status,paid,line\n"


def catalogue() -> Catalogue:
    """The three feeds and two units."""
    return read_catalogue(UNITS, CONTRACTS)


def resident(serial: int) -> str:
    """The number of an invented resident."""
    birth_day = date(1930, 1, 1) + timedelta(days=serial * 37 % 30000)
    number = f"310107{birth_day:%Y%m%d}{serial % 1000:03d}"
    return number + str(ric.calc_check_digit(number + "0"))


def hukou_row(serial: int, **cells: str) -> str:
    """A sound row of the register, but for the cells given."""
    row = {
        "id_number": resident(serial), "household_no": f"H{serial // 3}", "changed_at": "2026-09-01", "birth_date": "1950-01-01",
        "sex": "男", "division": "310107020000", "name": f"居民{serial}", **cells,
    }  # fmt: skip
    return ",".join(row.values()) + "\n"


def insurance_row(serial: int, **cells: str) -> str:
    """A sound row of insurance, but for the cells given."""
    row = {
        "enrolment_no": f"M{serial}", "id_number": resident(serial), "changed_at": "2026-09-01", "valid_from": "2020-01-01", "valid_to": "",
        "status": "active", "paid": "12.50", "line": "L15", **cells,
    }  # fmt: skip
    return ",".join(row.values()) + "\n"


def write_text_file(path: Path, text: str, encoding: str = "utf-8") -> Path:
    """The path, with this text in it."""
    path.write_bytes(text.encode(encoding))
    return path


@dataclass
class Reply:
    """What a host says."""

    changes: list[CandidateChange] = field(default_factory=list)


@dataclass
class MemoryHost:
    """A host that keeps messages and the deliveries ledger, and can be told to fail after so many batches."""

    messages: list[Input] = field(default_factory=list)
    fail_after: int | None = None
    failure: Exception = field(default_factory=lambda: ConnectionError("the host went away"))

    @property
    def state(self) -> MemoryHost:
        return self

    def are_erased(self, tokens: Any) -> Any:
        return np.zeros(len(tokens), np.bool_)

    def delivery_number(self, feed: str, source: int, id: str) -> tuple[int, int, bool]:
        started = [m for m in self.messages if isinstance(m, DeliveryStarted) and (m.feed, m.source) == (feed, source)]
        number = next((m.delivery for m in started if m.id == id), len({m.id for m in started}) + 1)
        is_complete = any(isinstance(m, DeliveryCompleted) and m.id == id for m in self.messages)
        rows = [int(b.row[-1]) for b in self.batches() if b.delivery == number and b.feed == feed]
        return number, max(rows, default=0), is_complete

    def submit(self, message: Input) -> Reply:
        if isinstance(message, RecordBatch) and self.fail_after is not None and len(self.batches()) >= self.fail_after:
            raise self.failure
        self.messages.append(message)
        return Reply()

    def submit_each(self, messages: Iterable[Input]) -> Iterator[Reply]:
        return map(self.submit, messages)

    def batches(self) -> list[RecordBatch]:
        return [m for m in self.messages if isinstance(m, RecordBatch)]

    def rows(self) -> list[int]:
        return [row for b in self.batches() for row in b.row.tolist()]

    def last(self) -> Any:
        return self.messages[-1]
