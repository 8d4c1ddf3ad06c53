"""The application: every route as an address, the caller behind a request, errors as problems.

It runs in the front. ``application`` makes it from the table of routes; ``infra.service`` has the processes behind it.
"""

from __future__ import annotations

import inspect
import logging
import re
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from console.api.answers import Answer
from console.api.front import Front
from console.api.guard import Guard
from console.api.jobs import Job
from console.api.problems import (
    BAD_REQUEST,
    MEDIA_TYPE,
    NO_METHOD,
    NOT_FOUND,
    ApiProblem,
    document,
    language_of,
    problem_of,
)
from console.api.route import Route
from console.api.routes import ALL
from console.api.watching import add_pages, job_body
from infra.settings import clock
from policies.problems.problems import HuiminError
from policies.values import Text
from services.access.deciding import require
from services.audit.recording import record_denial

PREFIX = "/v1"
LOG = logging.getLogger("huimin.http")
TITLE = "惠民 · Huimin"


def application(front: Front) -> FastAPI:
    """The application of a service."""
    app = new_app(front.lifespan)
    add_routes(app, front)
    for kind in (HTTPException, RequestValidationError, HuiminError, ApiProblem, Exception):
        app.add_exception_handler(kind, _failure)
    add_pages(app, front, PREFIX)
    front.door.add_pages(app, PREFIX)
    files = re.compile("|".join(_pattern(route) for route in ALL if route.body))
    app.add_middleware(Guard, is_file=lambda method, path: method == "POST" and files.fullmatch(path) is not None, secure=front.door.secure)
    return app


def new_app(lifespan: Any) -> FastAPI:
    """An application without an address but that of its description."""
    return FastAPI(title=TITLE, version="1", openapi_url=f"{PREFIX}/openapi.json", docs_url=None, redoc_url=None, lifespan=lifespan)


def add_routes(app: FastAPI, front: Front) -> None:
    """Adds every route."""
    for route in ALL:
        _add(app, front, route)


def _add(app: FastAPI, front: Front, route: Route) -> None:
    signature = route.signature()
    app.add_api_route(
        f"{PREFIX}{route.path}", _endpoint(front, route, signature), methods=[route.method], name=route.name, operation_id=route.name,
        dependencies=[Depends(_entrance(front, route))], summary=route.title.en, tags=[route.family], status_code=route.status,
        description=f"{route.title.zh}。\n\n{route.title.en}.",
        openapi_extra=_body(route), response_model=None if signature.return_annotation is Answer else signature.return_annotation,
        responses={"default": {"description": "问题 / a problem", "content": {MEDIA_TYPE: {}}}},
    )  # fmt: skip


def _pattern(route: Route) -> str:
    return re.escape(PREFIX) + re.sub(r"\{\w+\}", "[^/]+", route.path)


def _body(route: Route) -> dict[str, Any] | None:
    """The description of a file in the body."""
    if not route.body:
        return None
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {"requestBody": {"required": True, "content": dict.fromkeys(route.body, binary)}}


def _entrance(front: Front, route: Route) -> Callable[[Request], None]:
    """Looks at who asks before anything else: whoever may never do it learns nothing from the answer, not even what a body must hold."""

    def enter(request: Request) -> None:
        request.state.actor = actor = front.door.actor(request)
        if not actor.is_owner and route.action not in actor.parts:
            record_denial(front.root, clock, actor, route.action, "http")
            require(actor, route.action)

    return enter


def _endpoint(front: Front, route: Route, signature: inspect.Signature) -> Callable[..., Awaitable[Response]]:
    async def endpoint(request: Request, **parameters: Any) -> Response:
        if route.body:
            return response(await front.take_file(request, route, parameters))
        result = await front.run(request, route, parameters)
        if isinstance(result, Job):
            return JSONResponse(job_body(result), 202, {"Location": f"{PREFIX}/jobs/{result.id}"})
        return response(result)

    own = inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY, annotation=Request)
    parameters = [own, *(p.replace(annotation=_of_query(p.annotation)) for p in signature.parameters.values())]
    endpoint.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # FastAPI reads it
    endpoint.__name__ = route.name
    return endpoint


def _of_query(annotation: Any) -> Any:
    """The annotation of a parameter; several values of one name are looked for in the query, not in the body."""
    several = (
        any(get_origin(part) is list for part in get_args(get_args(annotation)[0]) or (annotation,)) if get_args(annotation) else False
    )
    return Annotated[annotation, Query()] if several else annotation


def response(of: Answer) -> Response:
    """An answer of the reader as a response."""
    return Response(of.body, of.status, dict(of.headers), of.kind if of.body else None)


async def _failure(request: Request, error: Exception) -> Response:
    problem = _problem(error)
    if problem.status == 500:
        last = traceback.extract_tb(error.__traceback__)[-1]  # its own message is left out, for it may quote a record
        LOG.error("internal error: %s at %s:%s", type(error).__name__, Path(last.filename).name, last.lineno)
    headers = {} if problem.after is None else {"Retry-After": str(problem.after)}
    return Response(document(problem, language_of(request.headers.get("accept-language", ""))), problem.status, headers, MEDIA_TYPE)


def _problem(error: Exception) -> ApiProblem:
    match error:
        case RequestValidationError():
            details = error.errors()
            places = ", ".join(sorted({".".join(map(str, detail["loc"])) for detail in details}))
            kinds = [{"place": ".".join(map(str, detail["loc"])), "kind": detail["type"]} for detail in details]
            text = Text(BAD_REQUEST.zh.format(places=places), BAD_REQUEST.en.format(places=places))
            return ApiProblem(422, "bad-request", text, extra=(("places", kinds),))
        case HTTPException(status_code=404):
            return ApiProblem(404, "not-found", NOT_FOUND)
        case HTTPException(status_code=405):
            return ApiProblem(405, "no-such-method", NO_METHOD)
        case HTTPException():
            return ApiProblem(error.status_code, "refused", Text(str(error.detail), str(error.detail)))
        case _:
            return problem_of(error)
