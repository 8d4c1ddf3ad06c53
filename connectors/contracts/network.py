"""Disagreements between the documents of a network.

Called by ``connectors.contracts.catalogue``. Feeds match by identifiers, so every feed about a kind of subject, and every link to it, must
use the numbering of the kind's register. Otherwise the feed would match nobody, without an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.contracts.reporting import Problems
from policies.language.catalogue import LINKS, Feed, Identity, Unit
from policies.problems.problems import Problem, suggestion
from policies.values import KIND_WORDS, Kind
from policies.yaml.document import Document, Path


def disagreements(
    units: Mapping[str, Unit] | None, feeds: Sequence[Feed], documents: Mapping[str, Document], is_incomplete: bool = False
) -> list[Problem]:
    """Every disagreement between units and feeds.

    Args:
        units: None where they could not be read; then units are not checked.
        is_incomplete: a contract could not be read; then missing registers are not reported.
    """
    result: list[Problem] = []
    names: set[str] = set()
    registers: dict[Kind, Feed] = {}
    definers: dict[str, Feed] = {}
    for feed in feeds:
        document = documents.get(feed.name)
        problems = Problems(document, document.file if document else f"{feed.name}.yaml")
        if feed.name in names:
            problems.add("duplicate", ("feed",), f"数据源“{feed.name}”重复", f"the feed {feed.name!r} is there twice")
        else:
            _check_defines(feed, registers, definers, problems)
        names.add(feed.name)
        _check_units(feed, units, problems)
        result += problems.errors
    for feed in feeds:
        document = documents.get(feed.name)
        problems = Problems(document, document.file if document else f"{feed.name}.yaml")
        _check_identities(feed, registers, problems, is_incomplete)
        result += problems.errors
    return result


def _check_defines(feed: Feed, registers: dict[Kind, Feed], definers: dict[str, Feed], problems: Problems) -> None:
    if feed.registers is not None:
        other = registers.setdefault(feed.registers, feed)
        if other is not feed:
            zh, en = (
                f"“{other.name}”已是{KIND_WORDS[feed.registers].zh}的登记",
                f"{other.name!r} is the register of {feed.registers}s already",
            )
            problems.add("register", ("registers",), zh, en)
    for link in feed.links:
        other = definers.setdefault(link, feed)
        if other is not feed:
            problems.add("link", ("links", link), f"“{link}”已由“{other.name}”给出", f"{link!r} is defined by {other.name!r} already")


def _check_units(feed: Feed, units: Mapping[str, Unit] | None, problems: Problems) -> None:
    for i, source in enumerate(feed.sources if units is not None else ()):
        if units is not None and source.unit not in units:
            near = suggestion(source.unit, units)
            zh, en = f"units.yaml 中没有单位“{source.unit}”。{near.zh}", f"there is no unit {source.unit!r} in units.yaml.{near.en}"
            problems.add("unit", ("sources", i, "unit"), zh, en)


def _check_identities(feed: Feed, registers: Mapping[Kind, Feed], problems: Problems, is_incomplete: bool) -> None:
    _check_identity(feed.identify, feed.subject, ("identify", feed.subject.value), registers, problems)
    for name, identity in feed.links.items():
        target = LINKS[name].target
        if target not in registers and not is_incomplete:
            zh, en = f"没有{KIND_WORDS[target].zh}的登记，“{name}”无处可指", f"no feed registers {target}s, so {name!r} leads nowhere"
            problems.add("link", ("links", name), zh, en)
        _check_identity(identity, target, ("links", name), registers, problems)


def _check_identity(identity: Identity, kind: Kind, path: Path, registers: Mapping[Kind, Feed], problems: Problems) -> None:
    register = registers.get(kind)
    if register is None or (identity.scheme, identity.space) == (register.identify.scheme, register.identify.space):
        return
    of = register.identify.space
    zh = f"与登记“{register.name}”的编号空间“{of}”不同，永远对不上"
    en = f"not of the numbering {of!r} of the register {register.name!r}, so it would never match"
    problems.add("space", path, zh, en)
