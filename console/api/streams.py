"""Changes of a list as they happen: pages behind a cursor of one's own, and a stream of server-sent events.

The cursor is the id of a line (``streams.embedded.cursor``): whoever keeps it meets each line once. Source: WHATWG HTML, "Server-sent
events"; a client that reconnects sends the last id as ``Last-Event-ID``.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from console.api.parameters import Name
from console.api.problems import BAD_CURSOR, ApiProblem
from console.api.request_context import RequestContext
from console.api.route import Route
from policies.values import Text
from services.access.actions import Action
from services.access.run import show
from services.access.sight import newest
from services.lists.changes import ChangeLine, change_lines
from services.results import plain

if TYPE_CHECKING:
    from console.api.schedule import Schedule

LINES = 500
"""The most lines of a page."""
SILENCE_SECONDS = 15.0
"""After so long without a change a stream says that it is alive."""
LineId = Annotated[str | None, Field(pattern=r"^[0-9]{1,18}\.[0-9]{1,18}$", description="上次处理到的行 / the last line that was handled")]


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Changes behind a cursor.

    Args:
        next: the cursor behind them; the same as before where nothing has changed.
        more: there are more already.
    """

    changes: tuple[ChangeLine, ...]
    next: str | None
    more: bool


def changes(context: RequestContext, policy: Name, after: LineId = None, limit: Annotated[int, Field(ge=1, le=LINES)] = 100) -> ChangePage:
    with context.workspace.reading() as host:
        try:
            page = list(islice((line for line in host.outputs(after) if line.policy == policy), limit + 1))
        except (ValueError, OverflowError):
            raise ApiProblem(400, "bad-cursor", BAD_CURSOR) from None
        if page:
            show(newest(host.state, policy), (line.subject for line in page[:limit]))
    lines = tuple(change_lines(page[:limit]))
    return ChangePage(lines, lines[-1].id if lines else after, len(page) > limit)


async def events(
    page: Callable[[str | None], Awaitable[ChangePage]], after: str | None, schedule: Schedule, is_gone: Callable[[], Awaitable[bool]]
) -> AsyncIterator[bytes]:
    """Changes as server-sent events, until the client has gone.

    Args:
        page: gives the page behind a cursor, in the right of the caller as it is then.
    """
    yield b": here\n\n"
    while not await is_gone():
        offset = schedule.offset
        result = await page(after)
        for line in result.changes:
            yield event("change", as_text(line), line.id)
        after = result.next
        if not result.more:
            await schedule.wait_moved(offset, SILENCE_SECONDS)
            yield b": still here\n\n"


def as_text(line: ChangeLine) -> str:
    """A change as one line of JSON."""
    return json.dumps(plain(line, "zh"), ensure_ascii=False)


def event(name: str, data: str, id: str | None = None) -> bytes:
    """One server-sent event."""
    head = f"id: {id}\n" if id is not None else ""
    return f"{head}event: {name}\ndata: {data}\n\n".encode()


_POLICY = "/policies/{policy}"
ROUTES = (
    Route(
        "changes.list", "GET", f"{_POLICY}/changes", Action.READ_LIST, changes,
        Text("名单的变动", "Changes of a list"), "policy", whole=True,
    ),
)  # fmt: skip
