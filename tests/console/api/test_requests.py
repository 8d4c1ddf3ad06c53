"""How requests are answered, whatever they are about: once, in pages, with tags, as problems, within limits, in private."""

from __future__ import annotations

import re
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from console.api.guard import BODY_BYTES, HEADERS
from console.api.problems import STATUS_OF
from tests.console.api.conftest import Office, add_people
from tests.console.service import HUIMIN, service
from tests.console.town import HUKOU, POLICY, resident

BORN = resident(1)[:14]
"""How the number of everybody in the town begins."""
CANDIDATES = f"/policies/{POLICY}/candidates"


def subjects(office: Office) -> list[str]:
    """The candidates of the list."""
    return [candidate["subject"] for candidate in office.clerk.get(CANDIDATES).json()["candidates"]]


def test_a_key_makes_a_change_happen_once(office: Office) -> None:
    """The repeat gets the first answer; the key fits no other request and no other person."""
    place, headers = f"{CANDIDATES}/{subjects(office)[1]}/notes", {"idempotency-key": uuid4().hex}
    first = office.clerk.post(place, json={"text": "一次"}, headers=headers)
    again = office.clerk.post(place, json={"text": "一次"}, headers=headers)
    other = office.clerk.post(place, json={"text": "两次"}, headers=headers)

    assert (first.status_code, again.status_code, again.headers["idempotency-replayed"]) == (201, 201, "true")
    assert first.json() == again.json()
    assert other.json()["type"].endswith("idempotency-key-reused")
    notes = [event for event in office.clerk.get(place.replace("/notes", "/history")).json()["events"] if event["value"] == "一次"]
    assert len(notes) == 1
    assert office.clerk.post(place, json={"text": "x"}, headers={"idempotency-key": "short"}).json()["type"].endswith(":idempotency-key")


def test_the_same_key_at_the_same_time_is_one_change(office: Office) -> None:
    """Eight at once: one note, eight equal answers."""
    place, headers = f"{CANDIDATES}/{subjects(office)[2]}/notes", {"idempotency-key": uuid4().hex}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: office.clerk.post(place, json={"text": "同时"}, headers=headers), range(8)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    events = office.clerk.get(place.replace("/notes", "/history")).json()["events"]
    assert len([event for event in events if event["value"] == "同时"]) == 1


def test_a_refused_request_may_be_mended_under_its_key(office: Office) -> None:
    """Nothing happened, so the key is free."""
    place, headers = f"{CANDIDATES}/{subjects(office)[3]}/outcomes", {"idempotency-key": uuid4().hex}
    assert office.clerk.post(place, json={"outcome": "no-such-outcome"}, headers=headers).status_code == 400
    assert office.clerk.post(place, json={"outcome": "contacted"}, headers=headers).status_code == 201


def test_a_cursor_fits_its_question_and_its_person_only(office: Office) -> None:
    """A changed one, one of another filter, and one of somebody else are refused."""
    cursor = office.clerk.get(CANDIDATES, params={"limit": 2}).json()["next"]

    assert office.clerk.get(CANDIDATES, params={"limit": 2, "cursor": cursor}).status_code == 200
    for client, query in (
        (office.clerk, {"cursor": cursor[:-2] + "AA"}), (office.clerk, {"cursor": cursor, "outcome": "contacted"}),
        (office.officer, {"cursor": cursor}), (office.clerk, {"cursor": "x"}),
    ):  # fmt: skip
        assert client.get(CANDIDATES, params={"limit": 2, **query}).json()["type"].endswith("bad-cursor")


def test_pages_neither_lose_nor_repeat_anybody_while_the_list_changes(office: Office) -> None:
    """A candidate leaves between two pages; all others are met once."""
    before = subjects(office)
    first = office.clerk.get(CANDIDATES, params={"limit": 2}).json()
    assert office.clerk.post(f"{CANDIDATES}/{before[0]}/outcomes", json={"outcome": "enrolled"}).status_code == 201
    subjects_met, cursor = [c["subject"] for c in first["candidates"]], first["next"]
    while cursor is not None:
        page = office.clerk.get(CANDIDATES, params={"limit": 2, "cursor": cursor}).json()
        subjects_met, cursor = subjects_met + [c["subject"] for c in page["candidates"]], page["next"]

    assert subjects_met == before
    assert subjects(office) == before[1:]


def test_an_unchanged_answer_is_not_sent_again(office: Office) -> None:
    """Not to the same person in the same right; after a change it is."""
    answer = office.clerk.get(CANDIDATES)
    tag = answer.headers["etag"]

    assert office.clerk.get(CANDIDATES, headers={"if-none-match": tag}).status_code == 304
    assert office.officer.get(CANDIDATES, headers={"if-none-match": tag}).status_code == 200
    assert office.clerk.get(CANDIDATES, params={"limit": 1}, headers={"if-none-match": tag}).status_code == 200
    office.clerk.post(f"{CANDIDATES}/{subjects(office)[0]}/outcomes", json={"outcome": "declined"})
    assert office.clerk.get(CANDIDATES, headers={"if-none-match": tag}).status_code == 200


def test_a_problem_has_both_languages_and_its_place(office: Office) -> None:
    """In Chinese first, unless English is wanted; a document's problems stand at their places; nothing sent is repeated."""
    answer = office.officer.post(
        "/drafts/preview", json={"document": "policy: x\nfoo: 310107195001010018\n"}, headers={"accept-language": "zh"}
    )
    problem = answer.json()

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert re.search("[一-鿿]", problem["title"])
    assert {"zh", "en"} <= set(problem["detail"])
    assert all(place["line"] >= 1 and place["file"] == "draft.yaml" for place in problem["problems"])
    bad = office.clerk.get(CANDIDATES, params={"limit": "310107195001010018"})
    assert (bad.status_code, "310107195001010018" in bad.text) == (422, False)
    assert set(STATUS_OF.values()) <= {400, 409, 422, 500, 503}


def test_every_answer_keeps_to_the_rules(office: Office) -> None:
    """Security headers on all of them; a large body is refused before it is read; an unknown address is a problem."""
    for answer in (office.clerk.get("/units"), office.clerk.get("/nowhere"), httpx.get(f"{office.running.address}/healthz")):
        assert all(answer.headers[name] == value for name, value in HEADERS)
        assert "server" not in answer.headers
    large = office.officer.post("/drafts/check", content=b"x" * (BODY_BYTES + 1), headers={"content-type": "application/json"})
    assert large.status_code == 413
    assert office.clerk.get("/nowhere").json()["type"].endswith("not-found")
    assert office.clerk.get("/units", headers={"cache-control": "x"}).headers["cache-control"].startswith("private")


def test_no_number_is_in_a_log_a_metric_or_an_address(office: Office) -> None:
    """Whoever looks somebody up sends the number in a body; it, the name and the token are in nothing that the service writes beside its state."""
    number, name = resident(1), "居民1"
    place = office.clerk.post("/lookups", json={"text": number})
    assert place.status_code == 200
    assert len(place.json()) == 1
    token = place.json()[0]["subject"]
    office.clerk.get(f"{CANDIDATES}/{token}")
    office.clerk.get(f"/policies/{POLICY}/export", params={"format": "csv"})
    office.steward.post("/feeds/hukou/deliveries", content=f"{HUKOU}{number},bad\n".encode("gb18030"))
    output = (office.workspace.parent / "log").read_text(encoding="utf-8") + httpx.get(f"{office.running.address}/metrics").text
    output += "".join(path.read_text(encoding="utf-8") for path in (office.workspace / "service").glob("jobs/*.json"))

    assert len(output) > 1000
    for secret in (number, number[:-1], name, token):
        assert secret not in output, secret
    assert office.other_clerk.post("/lookups", json={"text": number}).json() != place.json()


def test_a_list_with_names_leaves_to_its_agency_alone(office: Office) -> None:
    """As a file, never kept by a browser; everybody else sees tokens."""
    file = office.clerk.get(f"/policies/{POLICY}/export", params={"format": "csv"})

    assert (file.status_code, file.headers["cache-control"]) == (200, "no-store")
    assert BORN in file.text
    for name in ("officer", "auditor", "coordinator", "operator"):
        page = office.people[name].get(CANDIDATES)
        assert BORN not in page.text
        assert office.people[name].get(f"/policies/{POLICY}/export").status_code == 403


def test_who_looked_at_a_resident_is_on_record(office: Office) -> None:
    """The auditor finds the clerk's look, by number; nobody else's business is in it; the record fits its own checkpoint."""
    token = subjects(office)[0]
    office.clerk.get(f"{CANDIDATES}/{token}")
    looked = office.auditor.post("/audit/person", json={"who": token})

    assert looked.status_code == 200, looked.text
    assert "clerk" in {access["who"] for access in looked.json()}
    others = [other for other in subjects(office) if other != token]
    assert not any(other in looked.text for other in others)
    earlier = office.auditor.get("/audit/checkpoint").json()["text"]
    office.clerk.get(CANDIDATES)
    checked = office.auditor.post("/audit/verification", json={"checkpoint": earlier}).json()
    assert (checked["problems"], checked["lines"] > 0) == ([], True)
    assert office.clerk.post("/audit/person", json={"who": token}).status_code == 403


def test_others_than_this_machine_are_served_by_tls_alone(town: Path, run: object) -> None:
    """Plain HTTP beyond the loopback is refused; with a certificate the cookie never goes without."""
    workspace = town / "w"
    refused = subprocess.run(
        [*HUIMIN, "up", "--workspace", str(workspace), "--host", "0.0.0.0"], capture_output=True, text=True, encoding="utf-8", timeout=120
    )  # fmt: skip
    assert (refused.returncode, "--tls-cert" in refused.stderr) == (2, True)
    add_people(workspace)
    certificate, key = write_certificate(town)
    with service(workspace, "--tls-cert", str(certificate), "--tls-key", str(key)) as running:
        assert running.address.startswith("https://")
        with httpx.Client(base_url=running.address, verify=ssl.create_default_context(cafile=certificate)) as client:
            answer = client.post("/v1/session", json={"name": "clerk", "password": "correct horse staple"})
            assert answer.headers["strict-transport-security"]
            assert {"__Host-huimin", "Secure", "HttpOnly"} <= set(re.split("[=; ]+", answer.headers["set-cookie"]))
            assert client.get("/v1/units").status_code == 200


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of the loopback that signs itself, and its key."""
    private = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")]), datetime.now(UTC)
    from ipaddress import ip_address

    signed_certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )  # fmt: skip
    certificate, key = folder / "huimin.pem", folder / "huimin-tls.key"
    certificate.write_bytes(signed_certificate.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    key.write_bytes(private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return certificate, key
