"""The service under fifty people at once: requests a second and the slowest hundredth of list page, explanation, outcome and push.

``make bench`` calls it on the workspace of ``benchmarks.verbs``; ``python -m benchmarks.service --residents 1350000`` makes one of a whole district.
The yardsticks: the verb without the service; ``huimin ingest`` of the same file; the same reads while nothing comes in.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import http.server
import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from stdnum.cn import ric

from benchmarks.measure import Table, median
from connectors.accounts.grants import grant_of
from console.demo.office import add_office
from infra.settings import clock
from services.access.account_book import opened_book
from services.access.accounts import add_account, grant_role, set_password
from services.access.deciding import owner

PEOPLE, SECONDS = 50, 8.0
POLICY, CLERK = "dibao", "welfare-clerk"
TODAY = "2026-11-15"
PUSH_ROWS, STREAM_ROWS = 100_000, 10_000
HUIMIN = [sys.executable, "-m", "console.cli.entry"]


@dataclass(slots=True)
class Load:
    """What many requests took."""

    seconds: list[float] = field(default_factory=list)
    lasted: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.seconds) / self.lasted

    def hundredth(self) -> float:
        """The time that one request in a hundred exceeds, in milliseconds."""
        return sorted(self.seconds)[int(len(self.seconds) * 0.99)] * 1000

    def __str__(self) -> str:
        return f"{self.rate:,.0f} requests/s; median {median(self.seconds) * 1000:,.0f} ms, p99 {self.hundredth():,.0f} ms"


class Running:
    """A service of a workspace, with somebody signed in."""

    def __init__(self, workspace: Path, password: str, today: str) -> None:
        environment = {**os.environ, "HUIMIN_TODAY": today, "HUIMIN_LANG": "en", "PYTHONUNBUFFERED": "1"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        start = time.perf_counter()
        self.process = subprocess.Popen(
            [*HUIMIN, "up", "--workspace", str(workspace), "--port", "0"], env=environment, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert self.process.stdout is not None
        address = next(match[1] for line in self.process.stdout if (match := re.search(r"ready at (\S+)", line)))
        self.ready = time.perf_counter() - start
        self.api = f"{address}/v1"
        self._password = password

    def client(self, name: str) -> httpx.AsyncClient:
        """A signed-in person."""
        answer = httpx.post(f"{self.api}/session", json={"name": name, "password": self._password}, timeout=60)
        assert answer.status_code == 200, answer.text
        headers = {"x-csrf-token": answer.json()["csrf"]}
        limits = httpx.Limits(max_connections=PEOPLE, max_keepalive_connections=PEOPLE)
        return httpx.AsyncClient(
            base_url=self.api, cookies=dict(answer.cookies), headers=headers, timeout=120, limits=limits, trust_env=False
        )

    def stop(self) -> None:
        """Stops it."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(120) == 0


async def load(ask: Callable[[int], Awaitable[httpx.Response]], people: int = PEOPLE, seconds: float = SECONDS) -> Load:
    """People who ask one thing after another for so long; every answer must be a success."""
    result, start = Load(), time.perf_counter()

    async def person(number: int) -> None:
        while time.perf_counter() - start < seconds:
            begin = time.perf_counter()
            answer = await ask(number)
            assert answer.status_code in (200, 201), answer.text
            result.seconds.append(time.perf_counter() - begin)

    await asyncio.gather(*(person(number) for number in range(people)))
    result.lasted = time.perf_counter() - start
    return result


def register_rows(rows: int, first: int, changed: str) -> bytes:
    """A file of the register with new residents of one street."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        [
            "id_number",
            "household_no",
            "changed_at",
            "出生日期",
            "sex",
            "relation",
            "hukou_kind",
            "hukou_since",
            "division",
            "name",
            "telephone",
        ]
    )
    for serial in range(first, first + rows):
        birth_date = date(1920, 1, 1) + timedelta(serial % 29_000)
        number = f"310115{birth_date:%Y%m%d}{serial // 29_000:03d}"
        number += str(ric.calc_check_digit(number + "0"))
        writer.writerow(
            [
                number,
                f"N{serial}",
                changed,
                birth_date,
                "女",
                "户主",
                "本市家庭户",
                birth_date,
                "310107020",
                f"新民{serial}",
                f"021-{serial:08d}",
            ]
        )
    return out.getvalue().encode("gb18030")


def serving(table: Table, workspace: Path, residents: int, today: str = TODAY) -> None:
    """Measures the service of a workspace of the demonstration, which stands on a day."""
    password = add_office(workspace)
    with opened_book(workspace) as book:  # who runs the verbs works a list and delivers, too
        for grant in ("clerk:310107:putuo-civil-affairs", "steward:310107:putuo-psb"):
            grant_role(book, owner("bench"), "operator", grant_of(grant))
        for number in range(PEOPLE):
            grants = [grant_of("clerk:310107:putuo-civil-affairs")]
            add_account(book, owner("bench"), f"clerk-{number}", f"clerk {number}", grants, clock())
            set_password(book, owner("bench"), f"clerk-{number}", password)
    running = Running(workspace, password, today)
    target = 3.0 if residents <= 50_000 else 6.0
    table.add(f"`huimin up` ready, {residents:,} residents", f"{running.ready:.1f} s", f"≤ {target:.0f} s", is_met=running.ready <= target)
    verb = [*HUIMIN, "candidates", "list", POLICY, "--limit", "20", "--workspace", str(workspace)]
    through = median([_seconds(verb) for _ in range(5)])
    try:
        asyncio.run(_people(table, running))
        asyncio.run(_machines(table, running, workspace))
    finally:
        running.stop()
    alone = median([_seconds(verb) for _ in range(3)])
    table.add(
        "`huimin candidates list` through the service, whole process", f"{through:.2f} s", "< 0.4 s", is_met=through < 0.4,
        against=f"without it {alone:.2f} s, {alone / through:.1f}×",
    )  # fmt: skip


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "HUIMIN_TODAY": TODAY})
    return time.perf_counter() - start


async def _people(table: Table, running: Running) -> None:
    async with AsyncExitStack() as stack:
        clerks = [await stack.enter_async_context(running.client(f"clerk-{number}")) for number in range(PEOPLE)]
        page = (await clerks[0].get(f"/policies/{POLICY}/candidates", params={"limit": 1000})).json()
        subjects, total, choice = [c["subject"] for c in page["candidates"]], page["total"], random.Random(7)

        def some() -> str:
            return f"/policies/{POLICY}/candidates/{choice.choice(subjects)}"

        async def list_page(number: int) -> httpx.Response:
            answer = await clerks[number].get(f"/policies/{POLICY}/candidates", params={"limit": 50})
            assert answer.json()["total"] == total
            return answer

        async def explanation(number: int) -> httpx.Response:
            return await clerks[number].get(some())

        async def outcome(number: int) -> httpx.Response:
            headers = {"idempotency-key": uuid4().hex}
            return await clerks[number].post(f"{some()}/outcomes", json={"outcome": "contacted"}, headers=headers)

        for what, ask in (
            (f"a page of 50 of a list of {total:,}", list_page), ("an explanation", explanation), ("an outcome reported", outcome),
        ):  # fmt: skip
            table.add(f"{what}, {PEOPLE} people at once", str(await load(ask)), against=f"one person: {await load(ask, 1, 3.0)}")
        quiet = await load(explanation, PEOPLE, 4.0)
        async with running.client("steward") as steward:
            stop = asyncio.Event()
            pushing = asyncio.create_task(_push_steadily(steward, stop))
            busy = await load(explanation, PEOPLE, SECONDS)
            stop.set()
            rows = await pushing
        table.add(
            f"an explanation, {PEOPLE} people, while {rows:,.0f} rows/s come in", f"p99 {busy.hundredth():,.0f} ms",
            against=f"while nothing comes: p99 {quiet.hundredth():,.0f} ms",
        )  # fmt: skip


async def _push_steadily(steward: httpx.AsyncClient, stop: asyncio.Event) -> float:
    """Pushes 10,000 rows a second; returns the rows a second that were receiver in."""
    rows, start, first = 0, time.perf_counter(), 5_000_000
    while not stop.is_set():
        answer = await steward.post(
            "/feeds/hukou/deliveries", content=register_rows(STREAM_ROWS, first + rows, TODAY), headers={"idempotency-key": uuid4().hex}
        )
        assert answer.status_code == 201, answer.text
        rows += STREAM_ROWS
        await asyncio.sleep(max(0.0, rows / 10_000 - (time.perf_counter() - start)))
    return rows / (time.perf_counter() - start)


async def _machines(table: Table, running: Running, workspace: Path) -> None:
    async with running.client("steward") as steward:
        content = register_rows(PUSH_ROWS, 8_000_000, TODAY)
        start = time.perf_counter()
        answer = await steward.post("/feeds/hukou/deliveries", content=content, headers={"idempotency-key": uuid4().hex})
        pushed = time.perf_counter() - start
        assert answer.json()["deliveries"][0]["rows"] == PUSH_ROWS, answer.text
        file = workspace.parent / "pushed.csv"
        file.write_bytes(register_rows(PUSH_ROWS, 8_200_000, TODAY))
        verb = [*HUIMIN, "ingest", "hukou", str(file), "--workspace", str(workspace)]
        through = _seconds(verb)
        table.add(
            f"a delivery of {PUSH_ROWS:,} rows by HTTP", f"{PUSH_ROWS / pushed:,.0f} rows/s",
            against=f"`huimin ingest` through the service {PUSH_ROWS / through:,.0f} rows/s",
        )  # fmt: skip
        with _receiver() as receiver:
            async with running.client("operator") as operator:
                wanted = {"policy": POLICY, "account": CLERK, "url": receiver.url, "after": await _end(running)}
                assert (await operator.post("/webhooks", json=wanted)).status_code == 201
            delays = [await _delay(running, receiver) for _ in range(8)]
        table.add(
            "a webhook: from the report of an outcome to the batch at its address",
            f"median {median(delays) * 1000:,.0f} ms, worst {max(delays) * 1000:,.0f} ms",
        )


async def _end(running: Running) -> str | None:
    async with running.client(CLERK) as clerk:
        after: str | None = None
        while True:
            page = (await clerk.get(f"/policies/{POLICY}/changes", params={"limit": 500, **({"after": after} if after else {})})).json()
            after = page["next"]
            if not page["more"]:
                return after


async def _delay(running: Running, receiver: Receiver) -> float:
    """From an outcome that takes a candidate off the list to the batch that tells it."""
    async with running.client(CLERK) as clerk:
        subject = (await clerk.get(f"/policies/{POLICY}/candidates", params={"limit": 1})).json()["candidates"][0]["subject"]
        before = len(receiver.batches)
        start = time.perf_counter()
        answer = await clerk.post(
            f"/policies/{POLICY}/candidates/{subject}/outcomes", json={"outcome": "enrolled"}, headers={"idempotency-key": uuid4().hex}
        )
        assert answer.status_code == 201, answer.text
        while len(receiver.batches) == before:
            await asyncio.sleep(0.001)
            assert time.perf_counter() - start < 60, "no webhook came"
        assert any(event["data"]["subject"] == subject for event in receiver.batches[-1])
        return time.perf_counter() - start


@dataclass(slots=True)
class Receiver:
    """What a webhook's address was sent."""

    url: str
    batches: list[Any] = field(default_factory=list)


@contextmanager
def _receiver() -> Iterator[Receiver]:
    receiver = Receiver("")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the library's name
            receiver.batches.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Says nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--residents", type=int, default=50_000)
    parser.add_argument("--workspace", type=Path, help="of a demonstration, which is changed")
    arguments = parser.parse_args()
    table = Table()
    with tempfile.TemporaryDirectory() as folder:
        place = arguments.workspace or Path(folder) / "district"
        if arguments.workspace is None:
            subprocess.run(
                [*HUIMIN, "demo", "--residents", str(arguments.residents), "--keep", str(place)], check=True, stdout=subprocess.DEVNULL
            )
        serving(table, place, arguments.residents)


if __name__ == "__main__":
    main()
