"""Addresses of the front itself: health and metrics for machines, streams and jobs, webhooks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationError
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from console.api.front import Front
from console.api.jobs import Job
from console.api.parameters import Body
from console.api.problems import BAD_CURSOR, BAD_REQUEST, ApiProblem
from console.api.streams import ChangePage, events
from console.api.webhooks import Webhook
from policies.values import Text
from services.access.actions import Action
from services.access.deciding import require

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request

EVENTS = "text/event-stream"


class NewWebhook(Body):
    """A webhook: whose list, in whose right, to which address, from where on."""

    policy: Annotated[str, Field(min_length=1, max_length=100)]
    account: Annotated[str, Field(min_length=1, max_length=100)]
    url: Annotated[str, Field(min_length=1, max_length=500)]
    after: Annotated[str | None, Field(pattern=r"^[0-9]{1,18}\.[0-9]{1,18}$")] = None


def add_pages(app: FastAPI, front: Front, prefix: str) -> None:
    """Adds the addresses to an application."""

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(request: Request) -> Response:
        stands, waits = front.schedule.standing, front.schedule.waits
        day = None if stands is None or stands.day is None else stands.day.isoformat()
        facts = {"ready": front.ready and not waits, "day": day, "confirm_day": waits}
        return JSONResponse(facts, 200 if facts["ready"] else 503)

    async def metrics(request: Request) -> Response:
        return PlainTextResponse(front.metrics.text(), media_type="text/plain; version=0.0.4")

    async def stream(request: Request) -> Response:
        caller = front.caller(request, front.door.actor(request))
        policy = request.path_params["policy"]
        after = request.headers.get("last-event-id") or request.query_params.get("after")
        if after is not None and not all(part.isdecimal() and len(part) < 19 for part in after.split(".", 1)):
            raise ApiProblem(400, "bad-cursor", BAD_CURSOR)
        await front.page(policy, after, caller)  # a denial is an answer, not a stream

        async def page(behind: str | None) -> ChangePage:
            return await front.page(policy, behind, front.caller(request, front.door.actor(request)))

        async def is_gone() -> bool:
            return front.stopping or await request.is_disconnected()

        return _events(events(page, after, front.schedule, is_gone))

    async def jobs(request: Request) -> Response:
        return JSONResponse([job_body(job) for job in front.jobs.all_of(front.door.actor(request).name)])

    async def job(request: Request) -> Response:
        actor, id = front.door.actor(request), request.path_params["job"]
        return JSONResponse(job_body(front.jobs.cancel(actor.name, id) if request.method == "DELETE" else front.jobs.of(actor.name, id)))

    async def job_answer(request: Request) -> Response:
        answer = front.jobs.answer(front.door.actor(request).name, request.path_params["job"])
        return Response(answer.body, answer.status, dict(answer.headers), answer.kind)

    async def job_events(request: Request) -> Response:
        actor, id = front.door.actor(request), request.path_params["job"]
        front.jobs.of(actor.name, id)

        async def is_gone() -> bool:
            return front.stopping or await request.is_disconnected()

        return _events(front.jobs.events(actor.name, id, is_gone))

    async def webhooks(request: Request) -> Response:
        actor = front.door.actor(request)
        if request.method == "GET":
            require(actor, Action.READ_WEBHOOKS)
            return JSONResponse([_webhook_body(webhook) for webhook in front.webhooks.all()])
        require(actor, Action.WRITE_WEBHOOKS)
        body = await _body(request)
        webhook_added = front.webhooks.add(body.account, body.policy, body.url, body.after)
        return JSONResponse({**_webhook_body(webhook_added), "secret": webhook_added.secret}, 201)

    async def webhook(request: Request) -> Response:
        require(front.door.actor(request), Action.WRITE_WEBHOOKS)
        front.webhooks.remove(request.path_params["webhook"])
        return Response(status_code=204)

    for path, page, methods in (
        ("/healthz", health, ["GET"]), ("/readyz", ready, ["GET"]), ("/metrics", metrics, ["GET"]),
        (f"{prefix}/policies/{{policy}}/changes/stream", stream, ["GET"]),
        (f"{prefix}/jobs", jobs, ["GET"]), (f"{prefix}/jobs/{{job}}", job, ["GET", "DELETE"]),
        (f"{prefix}/jobs/{{job}}/answer", job_answer, ["GET"]), (f"{prefix}/jobs/{{job}}/events", job_events, ["GET"]),
        (f"{prefix}/webhooks", webhooks, ["GET", "POST"]), (f"{prefix}/webhooks/{{webhook}}", webhook, ["DELETE"]),
    ):  # fmt: skip
        app.add_route(path, page, methods=methods)


def job_body(job: Job) -> dict[str, Any]:
    """How a job stands, as JSON."""
    return asdict(job)


def _webhook_body(webhook: Webhook) -> dict[str, Any]:
    """A webhook, without its secret."""
    return {key: value for key, value in asdict(webhook).items() if key != "secret"}


def _events(stream: AsyncIterator[bytes]) -> Response:
    return StreamingResponse(stream, media_type=EVENTS, headers={"cache-control": "no-store", "x-accel-buffering": "no"})


async def _body(request: Request) -> NewWebhook:
    try:
        return NewWebhook.model_validate_json(await request.body())
    except ValidationError as error:
        places = ", ".join(sorted({".".join(map(str, detail["loc"])) or "body" for detail in error.errors(include_input=False)}))
        raise ApiProblem(422, "bad-request", Text(BAD_REQUEST.zh.format(places=places), BAD_REQUEST.en.format(places=places))) from None
