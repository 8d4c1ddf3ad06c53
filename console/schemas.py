"""The JSON Schema of every file format, by name."""

from __future__ import annotations

from typing import Any


def schemas() -> dict[str, dict[str, Any]]:
    """policy, cases, units, feed, coverage."""
    from connectors.schema import coverage_schema, feed_schema, units_schema
    from policies.schema import cases_schema, policy_schema

    return {
        "policy": policy_schema(),
        "cases": cases_schema(),
        "units": units_schema(),
        "feed": feed_schema(),
        "coverage": coverage_schema(),
    }
