"""The reader's side of the interface: decides whether a caller may, runs a route's function, and makes the answer.

``answer`` is what the front calls; a result becomes JSON here, so the front passes bytes on. What a caller may see depends on the state, so
the decision is made where the state is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass
from typing import Any

from console.api.asked import Asked
from console.api.route import Route
from console.api.routes import ROUTES
from infra.service.reader import Task
from infra.workspace.serving import served_workspace
from services.access.deciding import Actor
from services.results import plain

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Args:
        language: of sentences in the answer.
    """

    actor: Actor
    language: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: 304 where the caller has it already."""

    status: int
    body: bytes
    kind: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


def answer(task: Task, name: str, parameters: Mapping[str, Any], caller: Caller, known: str | None) -> Answer:
    """The answer of a route.

    Args:
        known: the tag of the answer that the caller has.

    Raises:
        HuiminError: whatever the service refused.
    """
    route = ROUTES[name]
    tag = None if route.writes else _tag(task, route, parameters, caller)
    if tag is not None and known == tag:
        return Answer(304, b"", headers=(("ETag", tag),))
    asked = Asked(task, caller.actor, caller.language)
    result = route.run(asked, **parameters)
    headers = () if tag is None else (("ETag", tag), ("Cache-Control", "private, no-cache"))
    return Answer(route.status, as_json(route, result, caller.language), headers=headers)


def as_json(route: Route, result: Any, language: str) -> bytes:
    """A result as JSON."""
    kind = None if is_dataclass(result) else route.signature().return_annotation
    return json.dumps(plain(result, language, kind), ensure_ascii=False, separators=(",", ":"), default=str).encode()


def _tag(task: Task, route: Route, parameters: Mapping[str, Any], caller: Caller) -> str:
    """The tag of an answer: the state it is made from, and everything else it depends on. Nothing of the answer is in it."""
    served = served_workspace(task.workspace.root)
    assert served is not None
    state = served.host.state
    facts = (route.name, sorted((key, str(value)) for key, value in parameters.items()), caller.actor, caller.language, state.day)
    return f'W/"{state.offset}-{hashlib.sha256(repr(facts).encode()).hexdigest()[:16]}"'
