"""A route: a method and path, the action that a caller needs, and the function that answers in the reader.

The function's parameters, after the task, are the parameters of the request: those that the path names, one ``body``, and the rest from the
query. What it returns is a result of a service (``services.results``), from which answer and schema are made.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_type_hints

from console.api.targets import About
from policies.values import Text
from services.access.actions import Action

Method = Literal["GET", "POST", "PUT", "DELETE"]


@dataclass(frozen=True, slots=True)
class Route:
    """One route.

    Args:
        name: unique; in the interface's description, too.
        run: called with a ``Task`` and the parameters.
        about: on what the caller's right is decided (``console.api.targets``).
        whole: it shows all of a list, so it is for those who may see all places of it.
        dry: it changes nothing, although it is no GET: a draft is in its body.
        long: it may take more than some milliseconds, or use a library with threads: a process of its own runs it.
        body: media types of a file in the body; the function gets it as ``file``, a path.
        status: of a success.
    """

    name: str
    method: Method
    path: str
    action: Action
    run: Callable[..., Any]
    title: Text
    about: About = "workspace"
    whole: bool = False
    dry: bool = False
    long: bool = True
    body: tuple[str, ...] = ()
    status: int = 200

    @property
    def writes(self) -> bool:
        return self.method != "GET" and not self.dry

    @property
    def family(self) -> str:
        return self.name.partition(".")[0]

    def signature(self) -> inspect.Signature:
        """The parameters of a request, with their types, and the type of the result."""
        hints = get_type_hints(self.run, include_extras=True)
        parameters = list(inspect.signature(self.run).parameters.values())[1:]
        asked = [p for p in parameters if not (self.body and p.name == "file")]
        kinds = [p.replace(annotation=hints[p.name], kind=inspect.Parameter.KEYWORD_ONLY) for p in asked]
        return inspect.Signature(kinds, return_annotation=hints["return"])


def by_name(routes: tuple[Route, ...]) -> Mapping[str, Route]:
    """The routes by name."""
    table = {route.name: route for route in routes}
    assert len(table) == len(routes)
    return table
