"""units.yaml and feed contracts become the catalogue that rules are checked against.

The one idea: the form of each document is checked first (``connectors.contracts.forms``), then what its names must agree on, then what the
documents must agree on among themselves; every problem of every document is reported at once, with its line and column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TypeVar

from pydantic import ValidationError

from connectors.contracts.feeds import feed_of
from connectors.contracts.forms import FeedForm, Form, UnitsForm, plain
from connectors.contracts.network import disagreements
from connectors.contracts.reporting import Problems, refuse
from policies.language.catalogue import Catalogue, Feed, Unit
from policies.problems.problems import Invalid, Problem
from policies.values import Text
from policies.yaml.document import Document, load

F = TypeVar("F", bound=Form)


@dataclass(frozen=True, slots=True)
class Network:
    """What units.yaml says: units by id, and the names of divisions by code with the shipped ones behind them."""

    units: Mapping[str, Unit]
    divisions: Mapping[str, Text]


@dataclass(frozen=True, slots=True)
class Contract:
    """A feed with the document it was read from, so that later problems can say where."""

    feed: Feed
    document: Document


def load_units(text: str, file: str = "units.yaml") -> dict[str, Unit]:
    """The units of a network by id.

    Raises:
        Invalid: with every problem of the document.
    """
    return dict(_read_units(text, file).units)


def load_contract(text: str, file: str) -> Feed:
    """The feed one contract describes, as far as the contract alone can tell.

    Raises:
        Invalid: with every problem of the document.
    """
    return read_contract(text, file).feed


def build_catalogue(units: Mapping[str, Unit], contracts: Sequence[Feed], documents: Mapping[str, Document] | None = None) -> Catalogue:
    """The catalogue of units and feeds that agree with each other.

    Args:
        documents: by feed name, the document it came from; gives problems their line.

    Raises:
        Invalid: with every disagreement.
    """
    documents = documents or {}
    refuse(disagreements(units, contracts, documents))
    return Catalogue(dict(units), {feed.name: feed for feed in contracts})


def read_catalogue(units: str, contracts: Mapping[str, str], units_file: str = "units.yaml") -> Catalogue:
    """The catalogue of documents as they are kept: the units' text and every contract's text by file name (or feed name).

    Raises:
        Invalid: with every problem of every document, at once.
    """
    problems: list[Problem] = []
    known: Network | None = None
    read: list[Contract] = []
    try:
        known = _read_units(units, units_file)
    except Invalid as error:
        problems += error.problems
    for file, text in contracts.items():
        try:
            read.append(read_contract(text, file))
        except Invalid as error:
            problems += error.problems
    feeds, documents = [c.feed for c in read], {c.feed.name: c.document for c in read}
    broken = len(feeds) < len(contracts)
    problems += disagreements(None if known is None else known.units, feeds, documents, broken)
    refuse(problems)
    assert known is not None  # else there was a problem
    return Catalogue(known.units, {feed.name: feed for feed in feeds}, known.divisions)


@lru_cache(maxsize=8)
def _read_units(text: str, file: str) -> Network:
    document = load(text, file)
    problems = Problems(document, document.file)
    form = _form(document, UnitsForm, problems)
    units: dict[str, Unit] = {}
    for i, u in enumerate(form.units if form else ()):
        if u.id in units:
            problems.add("duplicate", ("units", i, "id"), f"单位“{u.id}”重复", f"the unit {u.id!r} is there twice")
        units[u.id] = Unit(u.id, u.kind, u.division, Text(u.title.zh, u.title.en), dict(u.contact))
    refuse(problems.found)
    own = {code: Text(name.zh, name.en) for code, name in form.divisions.items()} if form else {}
    return Network(units, {**shipped_divisions(), **own})


@lru_cache(maxsize=1)
def shipped_divisions() -> Mapping[str, Text]:
    """The names of divisions that every network knows, by code."""
    file = resources.files("policies") / "library" / "divisions.yaml"
    return {code: Text(name["zh"], name["en"]) for code, name in load(file.read_text("utf-8"), file.name).data.items()}


@lru_cache(maxsize=512)  # a state holds every catalogue there was, and most of their contracts are the same
def read_contract(text: str, file: str) -> Contract:
    """What one contract describes, with its document.

    Raises:
        Invalid: with every problem of the document.
    """
    document = load(text, file)
    problems = Problems(document, document.file)
    form = _form(document, FeedForm, problems)
    feed = feed_of(form, problems) if form else None
    refuse(problems.found)
    assert feed is not None  # a form that is None has left a problem
    return Contract(feed, document)


def _form(document: Document, kind: type[F], problems: Problems) -> F | None:
    """The document as a form; None where its structure is too broken to look further.

    Unknown keys and broken fields are reported, then left out, so that the checks after this one still run.
    """
    data = plain(document.data)
    for attempt in range(2):
        try:
            return kind.model_validate(data)
        except ValidationError as error:
            if attempt == 0:
                problems.add_form(error, kind)
            for detail in error.errors(include_url=False):
                _leave_out(data, detail["loc"], detail["type"])
    return None


def _leave_out(data: object, loc: tuple[int | str, ...], kind: str) -> None:
    """Take an unknown key out; put a sound field in a broken one's place, since other places may name it."""
    if kind != "extra_forbidden":
        if isinstance(data, dict) and loc[:1] == ("fields",) and len(loc) > 1 and isinstance(data["fields"], dict):
            stands_for = "division" if data.get("division") == loc[1] else "text"
            data["fields"][loc[1]] = {"type": stands_for, "title": {"zh": "-", "en": "-"}}
        return
    for part in loc[:-1]:
        data = data[part] if isinstance(data, dict | list) else None  # type: ignore[index]  # a list's part is its position
    if isinstance(data, dict):
        data.pop(loc[-1], None)
