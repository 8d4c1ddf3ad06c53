"""The table of all routes."""

from __future__ import annotations

from collections.abc import Mapping

from console.api import account_routes, feed_routes, intake_routes, list_routes, policy_routes, proposal_routes, streams
from console.api.route import Route, by_name

ALL: tuple[Route, ...] = (
    *feed_routes.ROUTES, *intake_routes.ROUTES, *policy_routes.ROUTES, *proposal_routes.ROUTES, *list_routes.ROUTES,
    *streams.ROUTES,     *account_routes.ROUTES,
)  # fmt: skip
ROUTES: Mapping[str, Route] = by_name(ALL)
