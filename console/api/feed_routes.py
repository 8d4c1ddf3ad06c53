"""Routes about units and their feeds: the directory, contracts, deliveries, coverage, quarantine, health."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from console.api.parameters import Body, Feed, Yaml
from console.api.request_context import RequestContext
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


def directory(context: RequestContext) -> list[ListedUnit]:
    return units(context.workspace)


def new_unit(context: RequestContext, body: Unit) -> AddedUnit:
    return add_unit(
        context.workspace, body.id, body.kind, body.division, body.zh, body.en, {str(name): text for name, text in body.contact.items()}
    )


def feeds(context: RequestContext) -> list[DescribedFeed]:
    return described_feeds(context.workspace)


def feed(context: RequestContext, feed: Feed) -> DescribedFeed:
    return described_feed(context.workspace, feed)


def new_feed(context: RequestContext, body: Contract) -> AddedFeed:
    def may_add(unit: str) -> None:
        require(context.actor, Action.WRITE_FEEDS, Target(unit=unit, feed=body.name))

    with context.document(body.document, f"{body.name}.yaml") as file:
        return add_feed(context.workspace, file, may_add)


def deliveries(context: RequestContext, feed: Feed) -> list[DeliveryStatus]:
    return deliveries_of(context.workspace, feed, context.sight)


def quarantine(context: RequestContext, feed: Feed) -> list[BrokenCell]:
    return open_cells(context.workspace, feed, context.sight)


def coverage(context: RequestContext, feed: str | None = None) -> list[CoverageStatement]:
    return coverage_statements(context.workspace, feed, context.sight)


def state_coverage(context: RequestContext, body: Statements) -> CoverageIntake:
    def may_state(unit: str, division: str | None, feed: str) -> None:
        require(context.actor, Action.STATE_COVERAGE, Target(unit=unit, scope=division, feed=feed))

    with context.document(body.document, "coverage.yaml") as file:
        return take_in_coverage(context.workspace, file, context.today(), None, context.notify, may_state)


def health(context: RequestContext) -> list[Finding]:
    findings = examine_workspace(context.workspace, context.workspace.environment, context.today(), False)
    return [finding_in_words(finding) for finding in findings]


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
