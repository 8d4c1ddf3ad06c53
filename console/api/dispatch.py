"""The reader's side of the interface: decides whether a caller may, runs a route's function, and makes the answer.

``answer`` is what the front calls; a result becomes JSON here, so the front passes bytes on. What a caller may see depends on the state, so
the decision is made where the state is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from console.api.answers import Answer
from console.api.once import once
from console.api.request_context import RequestContext
from console.api.route import Route
from console.api.routes import ROUTES
from console.api.streams import LINES, ChangePage, changes
from console.api.targets import targets
from infra.service.calls import Task
from infra.settings import clock
from policies.values import Text
from services.access.actions import Action
from services.access.deciding import AccessDenied, Actor, decide, require
from services.access.run import AccessRun, access_run
from services.access.sight import sight_of
from services.audit.recording import AuditTrail
from services.lists.changes import ChangeLine
from services.results import plain
from streams.language.messages import CandidateChange

PART = Text("这里显示整份名单，您只能看其中一部分。", "This shows all of the list, and you may see a part of it.")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Args:
        language: of sentences in the answer.
    """

    actor: Actor
    language: str


def answer(task: Task, name: str, parameters: Mapping[str, Any], caller: Caller, etag: str | None, key: str | None) -> Answer:
    """The answer of a route.

    Args:
        etag: the tag of the answer that the caller has.
        key: of a request that writes (``console.api.once``).

    Raises:
        HuiminError: whatever the service refused.
    """
    with _run(task, caller, ROUTES[name].action):
        return _answer(task, name, parameters, caller, etag, key)


def _answer(task: Task, name: str, parameters: Mapping[str, Any], caller: Caller, etag: str | None, key: str | None) -> Answer:
    route = ROUTES[name]
    context = RequestContext(task, caller.actor, caller.language, sight_of(caller.actor, route.action))
    check_right(context, route, parameters)
    if route.writes:
        return once(context, key, name, parameters, lambda: _result(context, route, parameters))
    if route.method != "GET":
        return _result(context, route, parameters)
    tag = _tag(context, route, parameters)
    if etag == tag:
        return Answer(304, b"", headers=(("ETag", tag),))
    result = _result(context, route, parameters)
    if result.headers:  # a file, which is not kept
        return result
    return result.with_header("ETag", tag).with_header("Cache-Control", "private, no-cache")


@contextmanager
def _run(task: Task, caller: Caller, action: Action) -> Iterator[None]:
    """The run of a request: services tell it what they show, and it is on record before the answer; so is what is denied.

    Raises:
        AccessDenied: the caller may not do the action to anything. UnrecordedAccess: the record cannot be written.
    """
    trail = AuditTrail(task.workspace, clock)
    run = AccessRun(caller.actor, action, "http", trail.record, shows_changes=True)
    try:
        with access_run(run):
            yield
    except AccessDenied:
        if not run.recorded:
            run.deny()
        raise
    finally:
        trail.close()


def check(task: Task, name: str, parameters: Mapping[str, Any], caller: Caller) -> None:
    """Passes a request whose body is still to come, if the caller may make it. Raises as ``check_right``."""
    route = ROUTES[name]
    with _run(task, caller, route.action):
        check_right(RequestContext(task, caller.actor, caller.language, sight_of(caller.actor, route.action)), route, parameters)


def changes_behind(task: Task, policy: str, after: str | None, caller: Caller) -> ChangePage:
    """The changes of a list behind a line, for whoever follows it. Raises as ``check_right``."""
    route, parameters = ROUTES["changes.list"], {"policy": policy}
    with _run(task, caller, route.action):
        context = RequestContext(task, caller.actor, caller.language, sight_of(caller.actor, route.action))
        check_right(context, route, parameters)
        return changes(context, policy, after, LINES)


def _result(context: RequestContext, route: Route, parameters: Mapping[str, Any]) -> Answer:
    result = _in_sight(context, route.run(context, **parameters))
    return result if isinstance(result, Answer) else Answer(route.status, as_json(route, result, context.language))


def _in_sight(context: RequestContext, result: Any) -> Any:
    """A result without the changes of lists that the caller may not look at: a delivery changes the lists of every agency."""
    if context.actor.is_owner or not is_dataclass(result) or isinstance(result, type):
        return result
    lines = next((getattr(result, field.name) for field in fields(result) if field.name == "changes"), None)
    if not isinstance(lines, Sequence) or not lines or not isinstance(lines[0], CandidateChange | ChangeLine):
        return result
    sight, visibility = sight_of(context.actor, Action.READ_LIST), dict[str, bool]()
    with context.workspace.reading() as host:

        def is_seen(policy: str) -> bool:
            if policy not in visibility:
                visibility[policy] = sight.policy(host.state, policy) and sight.places(host.state, policy) is None
            return visibility[policy]

        return replace(result, changes=tuple(line for line in lines if is_seen(line.policy)))


def check_right(context: RequestContext, route: Route, parameters: Mapping[str, Any]) -> None:
    """Passes what the caller may do.

    Raises:
        AccessDenied: the table of roles does not allow it. HuiminError: there is no such policy.
    """
    if context.actor.is_owner:
        return
    if route.action not in context.actor.parts:
        require(context.actor, route.action)  # whoever may never do it learns nothing of what there is
    with context.workspace.reading() as host:
        decisions = [decide(context.actor, route.action, target) for target in targets(host.state, route.about, parameters)]
        denied = [decision for decision in decisions if not decision.allowed]
        if denied and (route.writes or len(denied) == len(decisions)):
            denied[0].require()
        if route.whole and context.sight.places(host.state, parameters["policy"]) is not None:
            raise AccessDenied(PART)


def as_json(route: Route, result: Any, language: str) -> bytes:
    """A result as JSON."""
    kind = None if is_dataclass(result) else route.signature().return_annotation
    return json.dumps(plain(result, language, kind), ensure_ascii=False, separators=(",", ":"), default=str).encode()


def _tag(context: RequestContext, route: Route, parameters: Mapping[str, Any]) -> str:
    """The tag of an answer: the state it is made from, and everything else it depends on. Nothing of the answer is in it."""
    actor = context.actor
    who = actor.name, actor.grants, actor.actions and sorted(actor.actions), context.language, context.today()
    facts = route.name, sorted((key, str(value)) for key, value in parameters.items()), who
    return f'W/"{context.offset()}-{hashlib.sha256(repr(facts).encode()).hexdigest()[:16]}"'
