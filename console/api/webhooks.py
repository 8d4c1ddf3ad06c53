"""Webhooks: changes of a list are sent to an address, each once or marked as a repeat, until it has taken them.

A webhook has a cursor of its own. Before a batch is sent, a note says so; the cursor moves once the address has answered. So after a crash
the batch is sent again, marked ``repeat``. An address that does not answer is tried again, later and later, for a day; then the batch is a
dead letter, which ``health`` shows, and the webhook goes on behind it. Source: CloudEvents 1.0 (JSON batch); signatures as in Standard
Webhooks: HMAC-SHA256 over id, time and body.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import json
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from secrets import token_bytes, token_hex
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from console.api.problems import ApiProblem
from console.api.streams import ChangePage
from infra.workspace.serving import SERVICE
from policies.problems.problems import HuiminError
from policies.values import Text
from services.results import plain
from streams.disk.files import make_folder, write_whole
from streams.host import place_of

if TYPE_CHECKING:
    from console.api.schedule import Schedule

FOLDER = "webhooks"
FIRST_WAIT, LONGEST_WAIT, GIVE_UP = 1.0, 3600.0, 86_400.0
"""Seconds: before the second attempt; between two attempts at most; after which a batch is a dead letter."""
ANSWER_SECONDS = 10.0
LOOK_SECONDS = 30.0
LOG = logging.getLogger("huimin.webhooks")
NO_WEBHOOK = Text("没有这个推送。", "There is no such webhook.")
BAD_ADDRESS = Text("推送地址应为 https，或本机的 http。", "The address of a webhook is https, or http on this machine.")


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook.

    Args:
        account: in whose right the changes are read.
        secret: of its signatures, in base64; shown once.
        cursor: the last line that the address has taken.
        sending: behind the last line of the batch that was sent and not yet answered; null if none is under way.
        attempts, since: of that batch; ``since`` in seconds of the epoch.
        dead: batches that were given up, each as first and last line.
    """

    id: str
    account: str
    policy: str
    url: str
    secret: str
    cursor: str | None = None
    sending: str | None = None
    attempts: int = 0
    since: float = 0.0
    dead: tuple[tuple[str, str], ...] = ()


class Webhooks:
    """The webhooks of one service.

    Args:
        page: gives the changes of a webhook's list behind its cursor, in the right of its account as it is now.
        post: sends a body with headers to an address; returns the status, 0 where nobody answered.
    """

    def __init__(
        self, root: Path, page: Callable[[Webhook], Awaitable[ChangePage]], post: Callable[[str, bytes, dict[str, str]], Awaitable[int]],
        schedule: Schedule,
    ) -> None:  # fmt: skip
        self._folder, self._page, self._post, self._schedule = root / SERVICE / FOLDER, page, post, schedule
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def add(self, account: str, policy: str, url: str, after: str | None) -> Webhook:
        """A new webhook.

        Args:
            after: the line behind which it begins.

        Raises:
            ApiProblem: the address is none that may be sent to.
        """
        check_address(url)
        make_folder(self._folder)
        webhook = Webhook(token_hex(8), account, policy, url, base64.b64encode(token_bytes(32)).decode(), after)
        self._note(webhook)
        self._start(webhook)
        return webhook

    def all(self) -> list[Webhook]:
        """Every webhook."""
        return [_read(path) for path in sorted(self._folder.glob("*.json"))] if self._folder.exists() else []

    def remove(self, id: str) -> None:
        """Ends a webhook.

        Raises:
            ApiProblem: there is none.
        """
        path = self._folder / f"{id}.json"
        if not id.isalnum() or not path.exists():
            raise ApiProblem(404, "no-webhook", NO_WEBHOOK)
        if (task := self._tasks.pop(id, None)) is not None:
            task.cancel()
        path.unlink()

    def go_on(self) -> None:
        """Begins to send, after the service has started."""
        for webhook in self.all():
            self._start(webhook)

    def stop(self) -> None:
        """Ends sending; it goes on when the service starts again."""
        for task in self._tasks.values():
            task.cancel()

    def _start(self, webhook: Webhook) -> None:
        self._tasks[webhook.id] = asyncio.create_task(self._run(webhook))

    async def _run(self, webhook: Webhook) -> None:
        while True:
            offset = self._schedule.offset
            try:
                page = await self._page(webhook)
            except HuiminError as error:  # the account is gone, or the policy: it may come back
                LOG.warning("a webhook cannot be read for", extra={"webhook": webhook.id, "problem": type(error).__name__})
                await asyncio.sleep(LOOK_SECONDS)
                continue
            if page.changes:
                webhook = await self._send(webhook, _as_sent(webhook, page))
            if not page.more:
                await self._schedule.wait_moved(offset, LOOK_SECONDS)

    async def _send(self, webhook: Webhook, page: ChangePage) -> Webhook:
        """Sends a page until the address has taken it, or it is given up."""
        last, first = page.changes[-1].id, page.changes[0].id
        repeat = webhook.sending is not None
        webhook = replace(webhook, sending=last, since=webhook.since or time.time())
        while True:
            webhook = replace(webhook, attempts=webhook.attempts + 1)
            self._note(webhook)
            body = batch(webhook, page, repeat)
            status = await self._post(webhook.url, body, signed_headers(webhook, f"{webhook.id}.{last}", int(time.time()), body, repeat))
            if 200 <= status < 300:
                after = replace(webhook, cursor=last, sending=None, attempts=0, since=0.0)
                break
            repeat = True
            LOG.warning("a webhook was not taken", extra={"webhook": webhook.id, "status": status, "attempts": webhook.attempts})
            if time.time() - webhook.since > GIVE_UP:
                after = replace(webhook, cursor=last, sending=None, attempts=0, since=0.0, dead=(*webhook.dead, (first, last)))
                break
            await asyncio.sleep(min(FIRST_WAIT * 2 ** (webhook.attempts - 1), LONGEST_WAIT))
        self._note(after)
        return after

    def _note(self, webhook: Webhook) -> None:
        write_whole(self._folder / f"{webhook.id}.json", json.dumps(asdict(webhook), ensure_ascii=False))


def _as_sent(webhook: Webhook, page: ChangePage) -> ChangePage:
    """A page cut to the batch that was under way when the service ended, which is sent again as it was."""
    if webhook.sending is None:
        return page
    last = place_of(webhook.sending)
    before = tuple(line for line in page.changes if place_of(line.id) <= last)
    return replace(page, changes=before or page.changes, more=page.more or len(before) < len(page.changes))


def batch(webhook: Webhook, page: ChangePage, repeat: bool) -> bytes:
    """A page of changes as a batch of CloudEvents; the id of an event is that of its line."""
    events = [
        {
            "specversion": "1.0", "id": line.id, "source": f"/policies/{line.policy}", "type": f"huimin.list.{line.change}",
            "datacontenttype": "application/json", "repeat": repeat, "data": plain(line, "zh"),
        }
        for line in page.changes
    ]  # fmt: skip
    return json.dumps(events, ensure_ascii=False).encode()


def signed_headers(webhook: Webhook, id: str, at: int, body: bytes, repeat: bool) -> dict[str, str]:
    """The headers of a batch, with its signature."""
    digest = hmac.digest(base64.b64decode(webhook.secret), f"{id}.{at}.".encode() + body, hashlib.sha256)
    signature = f"v1,{base64.b64encode(digest).decode()}"
    kind = "application/cloudevents-batch+json; charset=utf-8"
    marks = {"webhook-id": id, "webhook-timestamp": str(at), "webhook-signature": signature, "huimin-repeat": str(repeat).lower()}
    return {"content-type": kind, "user-agent": "huimin", **marks}


def check_address(url: str) -> None:
    """Passes an address that may be sent to.

    Raises:
        ApiProblem: it is neither https nor on this machine.
    """
    parts = urlsplit(url)
    try:
        loopback = parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        loopback = False
    if not parts.hostname or parts.username or not (parts.scheme == "https" or (parts.scheme == "http" and loopback)):
        raise ApiProblem(422, "bad-address", BAD_ADDRESS)


async def post_by_http(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Sends a batch; no redirect is followed."""
    import httpx

    try:
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS, follow_redirects=False, trust_env=False) as client:
            return (await client.post(url, content=body, headers=headers)).status_code
    except httpx.HTTPError:
        return 0


def _read(path: Path) -> Webhook:
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    facts["dead"] = tuple((first, last) for first, last in facts["dead"])
    return Webhook(**facts)
