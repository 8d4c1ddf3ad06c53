"""Who is on which list, asked by name or number: a clerk finds people on their own lists, and learns of nobody else."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from infra.workspace.workspace import Workspace
from policies.problems.problems import HuiminError
from services.deliveries.ingest import ingest
from services.exports.candidates import export_candidates
from services.lists.candidates import candidate_list
from services.lists.outcome_reports import report_outcome
from services.lists.people import list_places, subject_of
from services.policies.publication import publish_draft
from tests.console.town import POLICY, resident

DAY = date(2026, 10, 15)


def test_a_person_is_found_by_number_also_where_suppressed(workspace: Workspace) -> None:
    """With the status; the outcome that keeps them off is told. Whoever is on no list is found nowhere."""
    (listed,) = [place for place in list_places(workspace, f" {resident(0)} ") if place.policy == POLICY]
    report_outcome(workspace, POLICY, listed.subject, "declined", "王芳")
    (kept_off,) = [place for place in list_places(workspace, resident(0)) if place.policy == POLICY]

    assert listed.status is not None and listed.outcome is None and listed.person == listed.subject
    assert (kept_off.status, kept_off.outcome) == (None, "declined")
    assert list_places(workspace, resident(4000)) == () and list_places(workspace, "") == ()


def test_a_name_finds_its_bearer_on_the_lists_of_an_agency(workspace: Workspace) -> None:
    """The name as the list shows it; another agency's lists are left out, and one that does not exist is refused."""
    path = workspace.folder("exports") / "list.csv"
    export_candidates(workspace, POLICY, path)
    rows = [line.split(",") for line in path.read_text(encoding="utf-8-sig").splitlines()]
    name, token = rows[1][rows[0].index("姓名")], rows[1][rows[0].index("代号")]
    agency = candidate_list(workspace, POLICY).policy.agency

    assert int(token, 16) in {place.person for place in list_places(workspace, name, agency)}
    assert list_places(workspace, name, "putuo-psb") == ()
    with pytest.raises(HuiminError):
        list_places(workspace, name, "nobody")


def test_a_subject_may_be_named_by_number_or_token(workspace: Workspace) -> None:
    """Anything else is refused without being repeated."""
    (place,) = [place for place in list_places(workspace, resident(0)) if place.policy == POLICY]

    assert subject_of(workspace, POLICY, resident(0)) == subject_of(workspace, POLICY, f"{place.subject:016X}") == place.subject
    with pytest.raises(HuiminError) as refused:
        subject_of(workspace, POLICY, resident(0)[:-1])
    assert resident(0)[:-1] not in refused.value.text.zh + refused.value.text.en


def publish(workspace: Workspace, policy: str) -> None:
    draft = workspace.root / "policies" / f"{policy}.yaml"
    publish_draft(workspace, draft, "王芳", "李强", DAY, confirm=None, previewed=False, notify=lambda hold: None)


def occupants(workspace: Workspace, folder: Path, *rows: str) -> None:
    """Delivers who lives where."""
    file = folder / "occupancy.csv"
    header = "registration_no,id_number,property_no,changed_at,moved_in,moved_out,relation_to_tenant\n"
    file.write_bytes((header + "".join(rows)).encode("gb18030"))
    ingest(workspace, "occupancy", [file], DAY, trust=lambda today, day: True, notify=lambda hold: None, source="putuo-housing")


def test_a_household_may_be_named_by_the_number_of_a_member(workspace: Workspace) -> None:
    """The records say whose household it is; its own number still names it, and whoever nobody knows is no member."""
    publish(workspace, "dibao")
    publish(workspace, "group-rental")

    by_number, by_member = subject_of(workspace, "dibao", "H0"), subject_of(workspace, "dibao", resident(0))

    assert by_member == by_number != subject_of(workspace, "dibao", resident(1))
    with pytest.raises(HuiminError) as refused:
        subject_of(workspace, "group-rental", resident(0))
    assert "in no dwelling" in refused.value.text.en and "不属于任何住房" in refused.value.text.zh
    assert resident(0) not in refused.value.text.zh + refused.value.text.en


def test_who_lives_in_two_dwellings_is_asked_which(workspace: Workspace, tmp_path: Path) -> None:
    """Both are named by token and street; of one dwelling it is the answer, and a dwelling left is none any more."""
    rows = [f"R1,{resident(0)},D1,2026-09-01,2026-01-01,,本人\n", f"R2,{resident(0)},D2,2026-09-01,2026-02-01,,非亲属\n",
            f"R3,{resident(1)},D1,2026-09-01,2026-01-01,,亲属\n", f"R4,{resident(1)},D2,2026-09-01,2025-01-01,2025-12-31,亲属\n"]  # fmt: skip
    publish(workspace, "group-rental")
    occupants(workspace, tmp_path, *rows)

    first, second = (subject_of(workspace, "group-rental", number) for number in ("D1", "D2"))

    assert subject_of(workspace, "group-rental", resident(1)) == first
    with pytest.raises(HuiminError) as asked:
        subject_of(workspace, "group-rental", resident(0))
    for text in (asked.value.text.zh, asked.value.text.en):
        assert f"{first:016x}" in text and f"{second:016x}" in text and resident(0) not in text
    assert "several dwellings" in asked.value.text.en and "多个住房" in asked.value.text.zh
    assert subject_of(workspace, "group-rental", resident(1), date(2027, 10, 15)) == first
