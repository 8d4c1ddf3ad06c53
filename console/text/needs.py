"""The needs of a policy as rows of tables: fields and coverage, by unit and feed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from console.text.values import period_words
from console.text.words import number, street
from policies.values import Text
from services.policies.needs import OPEN_STANDINGS, CoverageStanding

if TYPE_CHECKING:
    from datetime import date

    from policies.language.catalogue import Catalogue
    from services.policies.needs import PlaceCoverage, PolicyNeeds, UnitNeed

STANDINGS: dict[CoverageStanding, Text] = {
    "unknown": Text("未接入", "no state yet"),
    "covered": Text("已具备", "there"),
    "stale": Text("已过期", "stale"),
    "missing": Text("未声明", "never stated"),
    "not_needed": Text("无需覆盖", "no coverage needed"),
}
NEED_COLUMNS = [
    Text("数据源", "feed"),
    Text("单位", "unit"),
    Text("字段", "fields"),
    Text("用于", "for"),
    Text("时效", "age"),
    Text("现状", "standing"),
    Text("待定", "waiting"),
]
COVERAGE_COLUMNS = [
    Text("单位", "unit"),
    Text("数据源", "feed"),
    Text("街镇", "streets"),
    Text("现状", "standing"),
    Text("完整至", "complete to"),
    Text("待定人（户、套）数", "undecided"),
]


def need_row(need: UnitNeed, catalogue: Catalogue, language: str) -> list[str]:
    """The need of one feed from one unit as a row."""
    feed = catalogue.feeds[need.feed]
    reasons = dict.fromkeys(cite or criterion for criterion, cite in zip(need.criteria, need.cites, strict=True))
    return [
        feed.title[language],
        catalogue.units[need.unit].title[language],
        Text("、", ", ")[language].join(feed.fields[name].title[language] for name in need.fields),
        " ".join(reasons),
        "" if need.max_age is None else f"≤ {period_words(need.max_age, language)}",
        STANDINGS[need.standing][language] if need.agreed else Text("用途未约定", "not agreed")[language],
        number(need.waiting) if need.waiting else "",
    ]


def coverage_rows(needs: PolicyNeeds, language: str) -> list[list[str]]:
    """The rows of missing or stale coverage; streets of the same standing and date are one row."""
    return [
        [
            needs.catalogue.units[need.unit].title[language],
            needs.catalogue.feeds[need.feed].title[language],
            street_words(places, need, needs.catalogue)[language],
            STANDINGS[places[0].standing][language],
            str(places[0].complete_to or "—"),
            number(sum(place.waiting for place in places)),
        ]
        for need in needs.needs
        for places in owed_places(need)
    ]


def owed_places(need: UnitNeed) -> list[tuple[PlaceCoverage, ...]]:
    """The places where a unit's statement is missing or stale, grouped by standing and date."""
    alike: dict[tuple[CoverageStanding, date | None], list[PlaceCoverage]] = {}
    for place in need.places:
        if place.standing in OPEN_STANDINGS:
            alike.setdefault((place.standing, place.complete_to), []).append(place)
    return [tuple(places) for places in alike.values()]


def street_words(places: Iterable[PlaceCoverage], need: UnitNeed, catalogue: Catalogue) -> Text:
    """Places of a need by the names of their streets; "all" where they are all of several."""
    codes = [place.division for place in places]
    if len(codes) == len(need.places) > 1:
        return Text(f"全部 {len(codes)} 个街镇", f"all {len(codes)} streets")
    zh, en = ([street(code, catalogue.divisions, language) for code in codes] for language in ("zh", "en"))
    return Text("、".join(zh), ", ".join(en))
