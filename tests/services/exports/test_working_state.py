"""A research snapshot says how far the work on a list is, by month at most; notes and the names of those who work are in none."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from infra.workspace.workspace import Workspace
from policies.checking.checker import check
from policies.yaml.document import load
from services.exports.releases import release_snapshot
from services.lists.candidates import candidate_list
from services.lists.follow_ups import record_assignment, record_call_again, record_note
from services.lists.outcome_reports import report_outcome
from streams.language.messages import PolicyPublished
from tests.console.town import POLICY
from tests.services.exports.test_snapshot import POLICY as ELDERS

DAY, CLERK, COLLEAGUE, NOTE = date(2026, 10, 15), "王芳", "李娟", "女儿周六在家"


@pytest.mark.parametrize("format", ["duckdb", "parquet"])
def test_contacted_and_when_to_call_again(workspace: Workspace, tmp_path: Path, format: str) -> None:
    """An outcome and its age in months, the month to call again; one that was taken back, and one nobody has touched, have nothing."""
    contacted, called, undone, *untouched = (row.subject for row in candidate_list(workspace, POLICY).candidates)
    report_outcome(workspace, POLICY, contacted, "contacted", CLERK, DAY - timedelta(days=20))
    record_call_again(workspace, POLICY, called, date(2026, 12, 9), CLERK)
    record_call_again(workspace, POLICY, undone, date(2026, 12, 9), CLERK)
    record_call_again(workspace, POLICY, undone, None, CLERK)
    record_assignment(workspace, POLICY, untouched[0], COLLEAGUE, CLERK)
    record_note(workspace, POLICY, untouched[0], NOTE, CLERK)

    path = release_snapshot(
        workspace, "赵六", "钱七", "研究", DAY, tmp_path / f"s.{format}", "parquet" if format == "parquet" else "duckdb"
    ).file

    with duckdb.connect() if path.is_dir() else duckdb.connect(str(path), read_only=True) as con:
        candidates = con.read_parquet(str(path / "candidates.parquet")) if path.is_dir() else con.table("candidates")
        rows = con.sql(
            f"SELECT is_contacted, months_since_contact, call_again, count(*) FROM candidates WHERE policy = '{POLICY}' GROUP BY ALL ORDER BY 1, 3 NULLS FIRST"
        ).fetchall()
        assert {"note", "notes", "assigned_to", "by"}.isdisjoint(candidates.columns)
    assert rows == [(False, None, None, 1 + len(untouched)), (False, None, date(2026, 12, 1), 1), (True, 1, None, 1)]
    content = b"".join(file.read_bytes() for file in (path.iterdir() if path.is_dir() else [path]))
    assert not [word for word in (CLERK, COLLEAGUE, NOTE, "2026-12-09", "2026-09-25") if word.encode() in content]


def test_the_closing_day_of_a_policy_is_told(workspace: Workspace, tmp_path: Path) -> None:
    """``apply_by`` as the policy declares it; null where it declares none."""
    with workspace.writing() as host:
        text = ELDERS.replace("effective:", "apply_by: 2026-12-31\neffective:")
        policy = check(load(text, "elders.yaml"), host.state.catalogue).policy
        assert policy is not None
        host.submit(PolicyPublished(policy.name, policy.version, text, policy.digest, "王芳", "李强"))

    path = release_snapshot(workspace, "赵六", "钱七", "研究", DAY, tmp_path / "s.duckdb").file

    with duckdb.connect(str(path), read_only=True) as con:
        assert set(con.sql("SELECT policy, apply_by FROM policies WHERE in_force").fetchall()) == {
            ("elders", date(2026, 12, 31)), ("elderly-allowance", None), (POLICY, None),
        }  # fmt: skip
        listed = con.sql("SELECT policy, apply_by, sum(listed)::INTEGER FROM contact_progress GROUP BY ALL ORDER BY policy").fetchall()
        assert (
            listed
            == con.sql(
                "SELECT policy, apply_by, count(*)::INTEGER FROM candidates JOIN policies USING (policy) GROUP BY ALL ORDER BY policy"
            ).fetchall()
        )
        assert "elders" in {name for name, *_ in listed}
