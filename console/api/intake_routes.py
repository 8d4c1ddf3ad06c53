"""Deliveries over HTTP: a file in one request, or in several for lines that break; and the receipt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from console.api.parameters import Feed
from console.api.request_context import RequestContext
from console.api.route import Route
from policies.values import Text
from services.access.actions import Action
from services.deliveries.clock import DayMove, move_day
from services.deliveries.ingest import Ingest, IngestTrial, ingest, ingest_trial

Unit = Annotated[str | None, Field(max_length=100, description="来源单位；数据源只有一个来源时可省 / the unit that delivers")]
Replaces = Annotated[bool, Field(description="全量替换 / a full replacement")]
Called = Annotated[str | None, Field(max_length=200, description="单位自己的批次编号 / the unit's own name for the delivery")]
TYPES = (
    "text/csv", "application/x-ndjson", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/octet-stream",
)  # fmt: skip
"""What a delivery may be; the contract says how it is read."""


@dataclass(frozen=True, slots=True)
class UploadStatus:
    """A file on its way in, and how many bytes are here."""

    upload: str
    offset: int


def take_in(context: RequestContext, feed: Feed, file: str, unit: Unit = None, replaces: Replaces = False, id: Called = None) -> Ingest:
    """Takes a file in; a file that is refused is an error, for nothing of it was taken in."""
    intake = ingest(
        context.workspace, feed, [Path(file)], context.today(), source=unit, replaces=replaces, called=id, trust=None, notify=context.notify,
        progress=context.progress,
    )  # fmt: skip
    if intake.refusal is not None and not intake.deliveries:
        raise intake.refusal
    return intake


def try_file(
    context: RequestContext, feed: Feed, file: str, unit: Unit = None, replaces: Replaces = False, id: Called = None
) -> IngestTrial:
    trial = ingest_trial(context.workspace, feed, [Path(file)], context.today(), source=unit, replaces=replaces, called=id)
    if trial.refusal is not None and not trial.deliveries:
        raise trial.refusal
    return trial


def move(context: RequestContext) -> DayMove:
    """Moves the day on to today, however far that is: the operator who asks confirms it."""
    return move_day(context.workspace, context.today(), by=context.account, confirm=None, notify=context.notify, progress=context.progress)


_FEED = "/feeds/{feed}"
ROUTES = (
    Route("deliveries.take_in", "POST", f"{_FEED}/deliveries", Action.TAKE_IN, take_in, Text("交付一个文件", "Deliver a file"), "source", body=TYPES, status=201),
    Route("deliveries.try", "POST", f"{_FEED}/trials", Action.TRY_FILE, try_file, Text("试读一个文件", "Try a file"), "source", body=TYPES, dry=True),
    Route("day.move", "POST", "/day", Action.MOVE_DAY, move, Text("推进到今天", "Move the day on to today"), status=201),
)  # fmt: skip
