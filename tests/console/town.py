"""A small town whose lists are easy to foresee: seven residents of the same age, and their records."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from stdnum.cn import ric

from infra.workspace.workspace import Workspace
from services.deliveries.coverage import state_coverage
from tests.console.conftest import Run

POLICY, ALLOWANCE = "elderly-uninsured", "elderly-allowance"
HUKOU = "id_number,household_no,changed_at,出生日期,sex,relation,hukou_kind,hukou_since,division,name,telephone\n"
MEDICAL = "enrolment_no,id_number,changed_at,valid_from,valid_to,status,scheme\n"
PENSION = "pension_no,id_number,paid_from,paid_to,amount\n"
PAID = "payment_no,id_number,changed_at,paid_from,paid_to,band\n"
UNITS = {
    "hukou": "putuo-psb",
    "medical_insurance": "putuo-medical-insurance",
    "pension": "putuo-social-security",
    "elderly_allowance": "putuo-civil-affairs",
}
"""The unit that states the coverage of each feed."""
RESIDENTS = 6


def resident(serial: int) -> str:
    """The number of an invented resident of Putuo."""
    number = f"31010719500101{serial:03d}"
    return number + str(ric.calc_check_digit(number + "0"))


def register_row(serial: int, changed: str = "2026-09-01", since: str = "1960-02-29") -> str:
    """A row of the register."""
    return f"{resident(serial)},H{serial},{changed},1950-01-01,女,户主,本市家庭户,{since},310107020,居民{serial},021-0{serial:07d}\n"


def ingest_text(run: Run, folder: Path, feed: str, text: str) -> Any:
    path = folder / f"{feed}-{len(list(folder.iterdir()))}.csv"
    path.write_bytes(text.encode("gb18030"))
    result = run("ingest", feed, path, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def settle_town(run: Run, folder: Path) -> None:
    """Make the town: six residents are on the list of the uninsured, one is insured; all are to be checked for the allowance."""
    run("init", "--example")
    ingest_text(run, folder, "hukou", HUKOU + "".join(register_row(serial) for serial in range(RESIDENTS + 1)))
    ingest_text(run, folder, "medical_insurance", MEDICAL + f"E{RESIDENTS},{resident(RESIDENTS)},2026-09-01,2020-01-01,,正常,居民\n")
    ingest_text(run, folder, "pension", PENSION)
    ingest_text(run, folder, "elderly_allowance", PAID)
    lines = (
        {"format": 1, "statement": f"s-{feed}", "feed": feed, "unit": unit, "division": "310107", "complete_to": "2027-03-31"}
        for feed, unit in UNITS.items()
    )
    (folder / "coverage.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    with Workspace.open(folder / "w").writing() as host:  # complete for months to come, so that no test makes them stale
        state_coverage(Workspace.open(folder / "w"), host, folder / "coverage.jsonl", date(2027, 3, 31))
    for policy in (POLICY, ALLOWANCE):
        publish(run, folder, policy)
    assert len(tokens(run)) == RESIDENTS


def publish(run: Run, folder: Path, policy: str) -> None:
    result = run("policy", "publish", folder / f"w/policies/{policy}.yaml", "--by", "王芳", "--approved-by", "李强", "--yes")
    assert result.exit_code == 0, result.output


def tokens(run: Run, policy: str = POLICY) -> list[str]:
    """The tokens on a list."""
    return [row["subject"] for row in json.loads(run("candidates", "list", policy, "--json").stdout)]


def export_list(run: Run, folder: Path, *words: str, policy: str = POLICY) -> list[dict[str, str]]:
    """Export a list for its agency; returns its rows."""
    assert run("candidates", "export", policy, "--out", folder / "list.csv", *words).exit_code == 0
    return list(csv.DictReader((folder / "list.csv").read_text(encoding="utf-8-sig").splitlines()))


def write_returned_list(path: Path, rows: Sequence[dict[str, str]]) -> Path:
    """Write the list that an agency sends back, as a spreadsheet saves it."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def data(result: Any) -> Any:
    """The JSON that a verb printed."""
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)
