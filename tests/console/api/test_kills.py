"""The service is killed under load, again and again: what was acknowledged is there, and no webhook comes twice without saying so."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import pytest

from tests.console.api.conftest import Client, add_people, sign_in
from tests.console.api.test_following import receiver
from tests.console.service import RunningService, service
from tests.console.town import HUKOU, POLICY, register_row

ROUNDS, PROOF_ROUNDS = 3, 50
LONGEST_ROUND = 4.0
T = TypeVar("T")
CANDIDATES = f"/policies/{POLICY}/candidates"


@dataclass(slots=True)
class AcknowledgedWork:
    """What the service has acknowledged over all rounds; what was under way when it was killed is tried again under its key."""

    notes: set[str] = field(default_factory=set)
    residents: set[int] = field(default_factory=set)
    proposals: set[str] = field(default_factory=set)
    repeats: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)


def work(
    people: dict[str, Client], subject: str, serials: Callable[[], int], stop: threading.Event, acknowledged: AcknowledgedWork
) -> None:
    """Notes, deliveries and proposals, one after another, until the service is gone."""
    while not stop.is_set():
        text, serial = uuid4().hex, serials()
        row = (HUKOU + register_row(serial % 900 + 50, f"2026-10-{serial // 900 + 2:02d}")).encode("gb18030")
        steps: list[tuple[str, str, dict[str, Any], Callable[[httpx.Response], None]]] = [
            ("clerk", f"{CANDIDATES}/{subject}/notes", {"json": {"text": text}}, adding(acknowledged.notes, text)),
            ("steward", "/feeds/hukou/deliveries", {"content": row}, adding(acknowledged.residents, serial % 900 + 50)),
            ("officer", "/proposals", {"json": {"act": "withdraw", "policy": POLICY, "reason": text}}, lambda answer: acknowledged.proposals.add(answer.json()["id"])),
        ]  # fmt: skip
        for name, place, body, note in steps:
            key = uuid4().hex
            try:
                answer = people[name].post(place, headers={"idempotency-key": key}, **body)
            except httpx.TransportError:
                if name == "clerk":
                    acknowledged.repeats.append((text, key, {"place": place, **body}))
                return
            if answer.status_code == 201:
                note(answer)
            elif answer.status_code != 503:
                raise AssertionError(answer.text)


def adding(to: set[T], value: T) -> Callable[[httpx.Response], None]:
    """Notes a value, whatever the answer holds."""
    return lambda answer: to.add(value)


def kill(running: RunningService, choice: random.Random) -> None:
    """Kills one of the three processes; the service ends with it."""
    process = choice.choice([running.process.pid, *running.children()])
    os.kill(process, signal.SIGKILL)
    running.process.wait(60)


def rounds(settled_town: Path, folder: Path, count: int, seed: int) -> None:
    shutil.copytree(settled_town, folder, dirs_exist_ok=True)
    workspace, choice, acknowledged, number = folder / "w", random.Random(seed), AcknowledgedWork(), iter(range(1, 100_000))
    add_people(workspace)
    subject, tried = "", 0
    with receiver() as taking:
        for round_number in range(count + 1):
            with service(workspace, errors=folder / "log") as running:
                people = {name: sign_in(running.address, name) for name in ("clerk", "steward", "officer", "operator", "approver")}
                subject = subject or people["clerk"].get(CANDIDATES).json()["candidates"][0]["subject"]
                if round_number == 0:
                    wanted = {"policy": POLICY, "account": "clerk", "url": taking.url}
                    assert people["operator"].post("/webhooks", json=wanted).status_code == 201
                for text, key, body in acknowledged.repeats[tried:]:
                    place = body.pop("place")
                    again = people["clerk"].post(place, headers={"idempotency-key": key}, **body)
                    assert again.status_code == 201, again.text
                    acknowledged.notes.add(text)
                tried = len(acknowledged.repeats)
                _look(people, subject, acknowledged)
                if round_number == count:
                    _settle(people, taking)
                    break
                stop, errors = threading.Event(), list[BaseException]()

                def run(people: dict[str, Client] = people, stop: threading.Event = stop, errors: list[BaseException] = errors) -> None:
                    try:
                        work(people, subject, lambda: next(number), stop, acknowledged)
                    except BaseException as error:
                        errors.append(error)

                workers = [threading.Thread(target=run) for _ in range(2)]
                for worker in workers:
                    worker.start()
                time.sleep(choice.uniform(0.2, LONGEST_ROUND))
                kill(running, choice)
                stop.set()
                for worker in workers:
                    worker.join(120)
                assert errors == []
        _check_webhooks([json.loads(body) for _, body in taking.batches])
    assert len(acknowledged.notes) >= count
    assert acknowledged.residents


def _look(people: dict[str, Client], subject: str, acknowledged: AcknowledgedWork) -> None:
    """Everything acknowledged is there, once."""
    events = people["clerk"].get(f"{CANDIDATES}/{subject}/history").json()["events"]
    values = [event["value"] for event in events]
    assert acknowledged.notes <= set(values)
    assert all(values.count(text) == 1 for text in acknowledged.notes)
    proposals = {proposal["id"] for proposal in people["officer"].get("/proposals", params={"every": True}).json()}
    assert acknowledged.proposals <= proposals


def _settle(people: dict[str, Client], taking: Any) -> None:
    """Waits until the webhook has told the last line."""
    after, last = None, None
    while True:
        page = people["clerk"].get(f"/policies/{POLICY}/changes", params={"limit": 500, **({"after": after} if after else {})}).json()
        after, last = page["next"], page["changes"][-1]["id"] if page["changes"] else last
        if not page["more"]:
            break
    for _ in range(600):
        if any(event["id"] == last for _, body in list(taking.batches) for event in json.loads(body)):
            return
        time.sleep(0.1)
    raise AssertionError(f"the webhook never told {last}")


def _check_webhooks(batches: list[list[dict[str, Any]]]) -> None:
    """A line comes first without the mark, or with it; never twice without."""
    plain = [event["id"] for batch in batches for event in batch if not event["repeat"]]
    assert len(plain) == len(set(plain))


def test_nothing_acknowledged_is_lost(settled_town: Path, tmp_path: Path) -> None:
    """Some kills of any of the three processes."""
    rounds(settled_town, tmp_path, ROUNDS, seed=5)


@pytest.mark.prove
def test_nothing_acknowledged_is_lost_in_fifty_kills(settled_town: Path, tmp_path: Path) -> None:
    """The same, fifty times."""
    rounds(settled_town, tmp_path, PROOF_ROUNDS, seed=11)
