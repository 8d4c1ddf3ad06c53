"""What is shown over HTTP is on record before the answer, and so is what is denied; without the record nobody is shown."""

from __future__ import annotations

from infra.workspace.workspace import Workspace
from services.audit.listing import RecordedAccess, recorded_accesses
from services.audit.persons import accesses_to
from services.audit.verification import verify
from tests.console.api.conftest import Office
from tests.console.town import POLICY, RESIDENTS

LIST = f"/policies/{POLICY}/candidates"


def lines_of(office: Office) -> list[RecordedAccess]:
    """The lines of the record."""
    return recorded_accesses(Workspace.open(office.workspace))


def test_every_answer_about_people_is_on_record(office: Office) -> None:
    """With the account, the list and how many; an answer that the client has already shows nobody, and leaves no line."""
    before = len(lines_of(office))
    first = office.clerk.get(LIST)
    subject = first.json()["candidates"][0]["subject"]
    unchanged = office.clerk.get(LIST, headers={"if-none-match": first.headers["etag"]})
    office.officer.get(f"{LIST}/{subject}")
    office.clerk.post(f"{LIST}/{subject}/notes", json={"text": "x"})
    office.clerk.get(f"{LIST}/{subject}/history")
    office.officer.get(f"/policies/{POLICY}/changes")
    office.officer.get("/units")

    lines = lines_of(office)[before:]
    assert unchanged.status_code == 304
    assert [(line.who, line.via, line.action, line.count) for line in lines] == [
        ("clerk", "http", "list.read", RESIDENTS), ("officer", "http", "candidate.explain", 1), ("clerk", "http", "follow_up.write", 1),
        ("clerk", "http", "candidate.history", 1), ("officer", "http", "list.read", lines[4].count),
    ]  # fmt: skip
    assert lines[4].count >= RESIDENTS
    assert {line.policy for line in lines} == {POLICY} and all(line.purpose and line.agreements for line in lines)
    assert [access.action for access in accesses_to(Workspace.open(office.workspace), int(subject, 16))][-5:] == [
        line.action for line in lines
    ]
    assert verify(Workspace.open(office.workspace)).ok


def test_what_is_denied_is_on_record(office: Office) -> None:
    """Another agency's clerk, a role without the action, somebody without any role; once each."""
    before = len(lines_of(office))

    assert [client.get(LIST).status_code for client in (office.other_clerk, office.analyst, office.nobody)] == [403, 403, 403]

    assert [(line.who, line.action, line.outcome) for line in lines_of(office)[before:]] == [
        ("other-clerk", "list.read", "denied"), ("analyst", "list.read", "denied"), ("nobody", "list.read", "denied"),
    ]  # fmt: skip


def test_without_the_record_nobody_is_shown(office: Office) -> None:
    """The service goes on with everything that shows nobody, and with people again once it is mended."""
    subject = office.clerk.get(LIST).json()["candidates"][0]["subject"]
    log = office.workspace / "audit" / "log.jsonl"
    whole = log.read_bytes()
    log.write_bytes(b"")

    refused = office.officer.get(f"{LIST}/{subject}")
    units = office.officer.get("/units")
    log.write_bytes(whole)

    assert refused.status_code >= 500 and subject not in refused.text and "record of access" in refused.text
    assert units.status_code == 200
    assert office.officer.get(f"{LIST}/{subject}").status_code == 200
