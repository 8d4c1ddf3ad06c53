"""units.yaml and feed contracts become the catalogue that policies are checked against.

The form of each document is checked first (``connectors.contracts.forms``), then the names in it (``connectors.contracts.feeds``), then the
documents together (``connectors.contracts.network``). All problems are reported at once, each with its line and column.
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
    """The content of units.yaml: units by id; and the names of divisions by code, shipped ones too."""

    units: Mapping[str, Unit]
    divisions: Mapping[str, Text]


@dataclass(frozen=True, slots=True)
class Contract:
    """A feed with its document, for the places of later problems."""

    feed: Feed
    document: Document


def load_units(text: str, file: str = "units.yaml") -> dict[str, Unit]:
    """The units of a network by id.

    Raises:
        Invalid: with every problem of the document.
    """
    return dict(_read_units(text, file).units)


def load_contract(text: str, file: str) -> Feed:
    """The feed of one contract, checked without the others.

    Raises:
        Invalid: with every problem of the document.
    """
    return read_contract(text, file).feed


def build_catalogue(units: Mapping[str, Unit], contracts: Sequence[Feed], documents: Mapping[str, Document] | None = None) -> Catalogue:
    """The catalogue of units and feeds, which must agree with each other.

    Args:
        documents: the documents by feed name, for the lines of problems.

    Raises:
        Invalid: with every disagreement.
    """
    documents = documents or {}
    refuse(disagreements(units, contracts, documents))
    return Catalogue(dict(units), {feed.name: feed for feed in contracts})


def read_catalogue(units: str, contracts: Mapping[str, str], units_file: str = "units.yaml") -> Catalogue:
    """The catalogue of documents: the text of the units, and of every contract by file name (or feed name).

    Raises:
        Invalid: with every problem of every document.
    """
    problems: list[Problem] = []
    network: Network | None = None
    parsed_contracts: list[Contract] = []
    try:
        network = _read_units(units, units_file)
    except Invalid as error:
        problems += error.problems
    for file, text in contracts.items():
        try:
            parsed_contracts.append(read_contract(text, file))
        except Invalid as error:
            problems += error.problems
    feeds, documents = [c.feed for c in parsed_contracts], {c.feed.name: c.document for c in parsed_contracts}
    is_incomplete = len(feeds) < len(contracts)
    problems += disagreements(None if network is None else network.units, feeds, documents, is_incomplete)
    refuse(problems)
    assert network is not None  # else there was a problem
    return Catalogue(network.units, {feed.name: feed for feed in feeds}, network.divisions)


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
    refuse(problems.errors)
    own = {code: Text(name.zh, name.en) for code, name in form.divisions.items()} if form else {}
    return Network(units, {**shipped_divisions(), **own})


@lru_cache(maxsize=1)
def shipped_divisions() -> Mapping[str, Text]:
    """The names of divisions that are shipped with the program, by code."""
    file = resources.files("policies") / "library" / "divisions.yaml"
    return {code: Text(name["zh"], name["en"]) for code, name in load(file.read_text("utf-8"), file.name).data.items()}


@lru_cache(maxsize=512)  # a state holds every earlier catalogue, and most of their contracts are equal
def read_contract(text: str, file: str) -> Contract:
    """One contract: its feed and its document.

    Raises:
        Invalid: with every problem of the document.
    """
    document = load(text, file)
    problems = Problems(document, document.file)
    form = _form(document, FeedForm, problems)
    feed = feed_of(form, problems) if form else None
    refuse(problems.errors)
    assert feed is not None  # without a form there is a problem
    return Contract(feed, document)


def _form(document: Document, kind: type[F], problems: Problems) -> F | None:
    """The document as a form; None where its structure is too broken for further checks.

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
    """Remove an unknown key; replace a broken field by a sound one, because other parts may name it."""
    if kind != "extra_forbidden":
        if isinstance(data, dict) and loc[:1] == ("fields",) and len(loc) > 1 and isinstance(data["fields"], dict):
            stands_for = "division" if data.get("division") == loc[1] else "text"
            data["fields"][loc[1]] = {"type": stands_for, "title": {"zh": "-", "en": "-"}}
        return
    for part in loc[:-1]:
        match data:
            case dict():
                data = data.get(part)  # None where a broken field around it was replaced
            case list() if isinstance(part, int):
                data = data[part]
            case _:
                return
    if isinstance(data, dict):
        data.pop(loc[-1], None)
