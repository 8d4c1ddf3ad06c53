"""The table of all routes."""

from __future__ import annotations

from collections.abc import Mapping

from console.api import account_routes as accounts
from console.api import audit_routes as audit
from console.api import feed_routes as feeds
from console.api import file_routes as files
from console.api import intake_routes as intake
from console.api import list_routes as lists
from console.api import policy_routes as policies
from console.api import proposal_routes as proposals
from console.api import streams
from console.api.route import Route, by_name

FAMILIES = (
    feeds.ROUTES,
    intake.ROUTES,
    policies.ROUTES,
    proposals.ROUTES,
    lists.ROUTES,
    files.ROUTES,
    streams.ROUTES,
    accounts.ROUTES,
    audit.ROUTES,
)
ALL: tuple[Route, ...] = tuple(route for family in FAMILIES for route in family)
ROUTES: Mapping[str, Route] = by_name(ALL)
