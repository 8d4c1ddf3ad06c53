"""Following a list: pages, a stream, a webhook; long work as a job; the clock of the service."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.console.api.conftest import Office, add_people, sign_in
from tests.console.service import service
from tests.console.town import HUKOU, POLICY, RESIDENTS, register_row

WAIT_SECONDS = 30


def deliver(office: Office, serial: int, day: str = "2026-10-03") -> None:
    """Takes a new resident in, who enters the lists."""
    answer = office.steward.post("/feeds/hukou/deliveries", content=(HUKOU + register_row(serial, day)).encode("gb18030"))
    assert answer.status_code == 201, answer.text


class Receiver:
    """A unit's server that takes webhooks; it answers as it is event_lines to.

    Args:
        answers: the statuses of the next answers; after them 204.
    """

    def __init__(self, *answers: int) -> None:
        self.batches: list[tuple[dict[str, str], bytes]] = []
        self._answers, self._came = list(answers), threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # the library's name
                body = self.rfile.read(int(self.headers["content-length"]))
                with outer._came:
                    outer.batches.append(({key.lower(): value for key, value in self.headers.items()}, body))
                    status = outer._answers.pop(0) if outer._answers else 204
                    outer._came.notify_all()
                self.send_response(status)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/lists"

    def wait(self, batches: int) -> list[tuple[dict[str, str], bytes]]:
        """The batches, once there are so many."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.batches) >= batches, WAIT_SECONDS), self.batches
            return list(self.batches)


@contextmanager
def receiver(*answers: int) -> Iterator[Receiver]:
    taking = Receiver(*answers)
    try:
        yield taking
    finally:
        taking.server.shutdown()
        taking.server.server_close()


def test_changes_are_paged_behind_a_cursor(office: Office) -> None:
    """Every line once, in order; nothing behind the last; whoever may not see the list gets nothing."""
    first = office.clerk.get(f"/policies/{POLICY}/changes", params={"limit": 4}).json()
    second = office.clerk.get(f"/policies/{POLICY}/changes", params={"after": first["next"]}).json()
    ids = [line["id"] for line in first["changes"] + second["changes"]]

    assert (first["more"], second["more"], len(ids)) == (True, False, len(set(ids)))
    assert len(ids) >= RESIDENTS
    assert office.clerk.get(f"/policies/{POLICY}/changes", params={"after": second["next"]}).json()["changes"] == []
    assert office.other_clerk.get(f"/policies/{POLICY}/changes").status_code == 403
    assert office.coordinator.get(f"/policies/{POLICY}/changes").status_code == 403


def test_a_stream_tells_a_change_when_it_happens(office: Office) -> None:
    """From the cursor on; each event has the id of its line."""
    end = office.clerk.get(f"/policies/{POLICY}/changes", params={"limit": 500}).json()["next"]
    with office.clerk.stream("GET", f"/policies/{POLICY}/changes/stream", params={"after": end}) as stream:
        lines = stream.iter_lines()
        assert next(lines) == ": here"
        deliver(office, 41)
        event_lines = list(_until(lines, "data: "))
    change = json.loads(event_lines[-1].removeprefix("data: "))
    assert (change["policy"], change["change"]) == (POLICY, "entered")
    assert f"id: {change['id']}" in event_lines
    assert office.other_clerk.get(f"/policies/{POLICY}/changes/stream").status_code == 403


def _until(lines: Iterator[str], beginning: str) -> Iterator[str]:
    for line in lines:
        yield line
        if line.startswith(beginning):
            return


def test_a_webhook_sends_each_change_and_marks_repeats(office: Office) -> None:
    """Signed batches of CloudEvents; what was not taken comes again, marked, under the same id; then the next."""
    end = office.clerk.get(f"/policies/{POLICY}/changes", params={"limit": 500}).json()["next"]
    with receiver(500) as taking:
        wanted = {"policy": POLICY, "account": "clerk", "url": taking.url, "after": end}
        assert office.clerk.post("/webhooks", json=wanted).status_code == 403
        added = office.operator.post("/webhooks", json=wanted)
        assert added.status_code == 201, added.text
        deliver(office, 42)
        (first, body), (again, same) = taking.wait(2)[:2]

        events, repeated = json.loads(body), json.loads(same)
        assert [event["type"] for event in events] == ["huimin.list.entered"]
        assert (first["huimin-repeat"], again["huimin-repeat"]) == ("false", "true")
        assert (first["webhook-id"], [e["id"] for e in events]) == (again["webhook-id"], [e["id"] for e in repeated])
        signed = f"{first['webhook-id']}.{first['webhook-timestamp']}.".encode() + body
        digest = hmac.digest(base64.b64decode(added.json()["secret"]), signed, hashlib.sha256)
        assert first["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
        deliver(office, 43)
        later = taking.wait(3)[2]
        assert (later[0]["huimin-repeat"], json.loads(later[1])[0]["id"] > events[0]["id"]) == ("false", True)
        assert office.operator.delete(f"/webhooks/{added.json()['id']}").status_code == 204
    assert "secret" not in office.operator.get("/webhooks").text
    for url in ("http://example.org/x", "https://user@example.org/", "file:///etc/passwd", "ftp://127.0.0.1/"):
        assert office.operator.post("/webhooks", json={**wanted, "url": url}).status_code == 422, url


def test_a_webhook_in_the_right_of_nobody_sends_nothing(office: Office) -> None:
    """It reads in the right of its account, as it is when it reads."""
    with receiver() as taking:
        added = office.operator.post("/webhooks", json={"policy": POLICY, "account": "other-clerk", "url": taking.url})
        deliver(office, 44)
        assert taking.batches == []
        office.operator.delete(f"/webhooks/{added.json()['id']}")


def test_long_work_is_a_job(office: Office) -> None:
    """It is accepted, followed to its end, and its answer is there; it is nobody else's."""
    document = (office.workspace / "policies/dibao.yaml").read_text(encoding="utf-8")
    accepted = office.officer.post("/drafts/preview", json={"document": document}, headers={"prefer": "respond-async"})
    assert accepted.status_code == 202, accepted.text
    place = accepted.headers["location"].removeprefix("/v1")
    with office.officer.stream("GET", f"{place}/events") as stream:
        states = [json.loads(line.removeprefix("data: "))["state"] for line in stream.iter_lines() if line.startswith("data: ")]
    answer = office.officer.get(f"{place}/answer")

    assert states[-1] == "done"
    assert (answer.status_code, answer.json()["policy"]) == (200, "dibao")
    assert office.approver.get(place).status_code == 404
    refused = office.officer.post("/drafts/preview", json={"document": "x: 1"}, headers={"prefer": "respond-async"})
    with office.officer.stream("GET", f"{refused.headers['location'].removeprefix('/v1')}/events") as stream:
        list(stream.iter_lines())
    assert office.officer.get(f"{refused.headers['location'].removeprefix('/v1')}/answer").status_code == 422


def test_days_pass_by_themselves_but_never_many(settled_town: Path, tmp_path: Path) -> None:
    """A service that slept for days passes them; for more than forty it waits for an operator, and is not ready."""
    import httpx

    shutil.copytree(settled_town, tmp_path, dirs_exist_ok=True)
    add_people(tmp_path / "w")
    with service(tmp_path / "w", today="2026-10-20") as running:
        assert _day(running.address, "2026-10-20").status_code == 200
    with service(tmp_path / "w", today="2026-12-20") as running:
        waiting = _day(running.address, "2026-10-20")
        assert (waiting.status_code, waiting.json()["confirm_day"]) == (503, True)
        operator = sign_in(running.address, "operator")
        moved = operator.post("/day")
        assert (moved.status_code, moved.json()["to"], moved.json()["confirmed"]) == (201, "2026-12-20", "operator")
        assert _day(running.address, "2026-12-20").status_code == 200
        assert "huimin_days_behind 0.0" in httpx.get(f"{running.address}/metrics").text


def _day(address: str, day: str) -> Any:
    """What the service says of itself, once it stands on a day."""
    import time

    import httpx

    for _ in range(WAIT_SECONDS * 10):
        answer = httpx.get(f"{address}/readyz")
        if answer.json()["day"] == day and (answer.status_code == 200 or answer.json()["confirm_day"]):
            return answer
        time.sleep(0.1)
    raise AssertionError(answer.text)


def test_a_dropped_file_is_taken_in_by_itself(settled_town: Path, tmp_path: Path) -> None:
    """It is put away with a receipt; the reader, which forks, has one thread still."""
    shutil.copytree(settled_town, tmp_path, dirs_exist_ok=True)
    (tmp_path / "w/ways_in.yaml").write_text("format: 1\ndrop: {folder: drop, quiet: PT1S}\n", encoding="utf-8")
    place = tmp_path / "w/drop/hukou"
    place.mkdir(parents=True)
    (place / "october.csv").write_bytes((HUKOU + register_row(61, "2026-10-04")).encode("gb18030"))
    with service(tmp_path / "w") as running:
        for _ in range(WAIT_SECONDS * 10):
            if list((tmp_path / "w/drop").rglob("done/**/october.csv*")):
                break
            time.sleep(0.1)
        names = {path.name for path in (tmp_path / "w/drop").rglob("*") if path.is_file() and "done" in path.parts}
        assert {"october.csv"} < names, names
        assert any(name.endswith(".receipt.json") for name in names)
        for process in running.children():
            assert len(os.listdir(f"/proc/{process}/task")) == 1
