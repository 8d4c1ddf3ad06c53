"""Routes about units and their feeds: the directory, contracts, deliveries, coverage, quarantine, health."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from console.api.asked import Asked
from console.api.parameters import Body, Feed, Yaml
from console.api.route import Route
from console.text.health import finding_in_words
from policies.values import Text
from services.access.actions import Action
from services.access.deciding import Target, require
from services.deliveries.coverage import CoverageIntake, CoverageStatement, coverage_statements, take_in_coverage
from services.deliveries.open_cells import open_cells
from services.deliveries.quarantine import BrokenCell
from services.deliveries.statuses import DeliveryStatus, deliveries_of
from services.feeds.contracts import AddedFeed, DescribedFeed, add_feed, described_feed, described_feeds
from services.health.examination import examine_workspace
from services.health.finding import Finding
from services.units import AddedUnit, ListedUnit, add_unit, units

Word = Annotated[str, Field(min_length=1, max_length=200)]


class Unit(Body):
    """A unit to be added to the directory."""

    id: Annotated[str, Field(min_length=1, max_length=100)]
    kind: Literal["cooperating", "member"]
    division: Annotated[str, Field(pattern="^[0-9]{2,12}$")]
    zh: Word
    en: Word
    contact: dict[Literal["phone", "address", "hours"], Word] = Field(default_factory=dict)


class Contract(Body):
    """The contract of a new feed."""

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,60}$")]
    document: Yaml


class Statements(Body):
    """A document of coverage statements."""

    document: Yaml


def directory(asked: Asked) -> list[ListedUnit]:
    return units(asked.workspace)


def new_unit(asked: Asked, body: Unit) -> AddedUnit:
    return add_unit(
        asked.workspace, body.id, body.kind, body.division, body.zh, body.en, {str(name): text for name, text in body.contact.items()}
    )


def feeds(asked: Asked) -> list[DescribedFeed]:
    return described_feeds(asked.workspace)


def feed(asked: Asked, feed: Feed) -> DescribedFeed:
    return described_feed(asked.workspace, feed)


def new_feed(asked: Asked, body: Contract) -> AddedFeed:
    def may_add(unit: str) -> None:
        require(asked.actor, Action.WRITE_FEEDS, Target(unit=unit, feed=body.name))

    with asked.document(body.document, f"{body.name}.yaml") as file:
        return add_feed(asked.workspace, file, may_add)


def deliveries(asked: Asked, feed: Feed) -> list[DeliveryStatus]:
    return deliveries_of(asked.workspace, feed, asked.sight)


def quarantine(asked: Asked, feed: Feed) -> list[BrokenCell]:
    return open_cells(asked.workspace, feed, asked.sight)


def coverage(asked: Asked, feed: str | None = None) -> list[CoverageStatement]:
    return coverage_statements(asked.workspace, feed, asked.sight)


def state_coverage(asked: Asked, body: Statements) -> CoverageIntake:
    def may_state(unit: str, division: str | None, feed: str) -> None:
        require(asked.actor, Action.STATE_COVERAGE, Target(unit=unit, scope=division, feed=feed))

    with asked.document(body.document, "coverage.yaml") as file:
        return take_in_coverage(asked.workspace, file, asked.today(), None, asked.notify, may_state)


def health(asked: Asked) -> list[Finding]:
    found = examine_workspace(asked.workspace, asked.workspace.environment, asked.today(), False)
    return [finding_in_words(finding) for finding in found]


_FEED = "/feeds/{feed}"
ROUTES = (
    Route("units.list", "GET", "/units", Action.READ_UNITS, directory, Text("单位名录", "The directory of units")),
    Route("units.add", "POST", "/units", Action.WRITE_UNITS, new_unit, Text("增加单位", "Add a unit"), status=201),
    Route("feeds.list", "GET", "/feeds", Action.READ_FEEDS, feeds, Text("数据源", "Feeds")),
    Route("feeds.add", "POST", "/feeds", Action.WRITE_FEEDS, new_feed, Text("增加数据源", "Add a feed"), "contract", status=201),
    Route("feeds.show", "GET", _FEED, Action.READ_FEEDS, feed, Text("一个数据源的约定", "The contract of a feed"), "feed"),
    Route("deliveries.list", "GET", f"{_FEED}/deliveries", Action.READ_DELIVERIES, deliveries, Text("交付情况", "Deliveries"), "feed"),
    Route("quarantine.list", "GET", f"{_FEED}/quarantine", Action.READ_QUARANTINE, quarantine, Text("待修正的行", "Rows to be mended"), "feed"),
    Route("coverage.list", "GET", "/coverage", Action.READ_COVERAGE, coverage, Text("覆盖声明", "Coverage statements"), "any unit"),
    Route("coverage.state", "POST", "/coverage", Action.STATE_COVERAGE, state_coverage, Text("作覆盖声明", "State coverage"), "statements", status=201),
    Route("health.show", "GET", "/health", Action.READ_HEALTH, health, Text("健康检查", "Health of the workspace")),
)  # fmt: skip
