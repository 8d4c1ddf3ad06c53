"""The yardstick of the network: a plain Faust agent with a Table, one event a record, for one policy.

It is what a good user of Faust would write. The rule: 70 or older, and no active insurance today. One topic is keyed by person, so that
the rows of a person come in order; one Table by person is kept in memory and in its changelog. The JSON is without Faust's records, which
is faster.
"""

from __future__ import annotations

import os
import sys
from datetime import date
from typing import Any

import faust

from benchmarks.world import DAY
from matchers.kernel.thresholds import days
from policies.language.tree import Age, All, Compare, FieldRef, Literals, Meta, Policy, Quantifier, Step
from policies.values import Kind, Period, Text

ROWS, LISTS, APP = "yardstick.rows", "yardstick.lists", "yardstick"
CHANGELOG = f"{APP}-people-changelog"
BORN = days(date(DAY.year - 70, DAY.month, DAY.day))
"""The last birthday of those who are 70."""


def elderly() -> Policy:
    """The rule as a policy."""
    metas = [Meta(f"c{number}", f"criteria.{number}") for number in range(4)]
    aged = Age(metas[0], FieldRef("hukou", "birth_date"), "ge", Literals((70,)))
    active = Compare(metas[1], FieldRef("medical_insurance", "status", own=True), "eq", Literals(("active",)))
    uninsured = Quantifier(metas[2], "none", (Step("records", "medical_insurance"),), active)
    return Policy(
        "elderly", 1, "benefit", Kind.PERSON, "310107", Text("高龄无保障", "uninsured elderly"), {}, "putuo-civil-affairs", "assistance",
        date(2026, 1, 1), None, {"medical_insurance": Period(0, 30)}, {}, (), All(metas[3], (aged, uninsured)), ("hukou",), "elderly",
    )  # fmt: skip


def application(broker: str) -> Any:
    """The application. A row is {n, feed, person, born} or {n, feed, person, key, status, from, to}; an event {n, person, change}."""
    app = faust.App(
        APP,
        broker=f"kafka://{broker}",
        store="memory://",
        web_enabled=False,
        topic_partitions=1,
        topic_disable_leader=True,
        topic_allow_declare=False,
    )
    rows = app.topic(ROWS, key_type=str, value_serializer="json", key_serializer="raw")
    lists = app.topic(LISTS, key_type=str, value_serializer="json", key_serializer="raw")
    people = app.Table("people", partitions=1)
    today = days(DAY)

    @app.agent(rows)
    async def update_list(stream: Any) -> None:
        async for row in stream:
            name = row["person"]
            person = people.get(name) or {"born": None, "insured": {}, "listed": False}
            if row["feed"] == "hukou":
                person["born"] = row["born"]
            else:
                person["insured"][row["key"]] = (row["status"], row["from"], row["to"])
            active = any(
                status == "active" and valid_from <= today <= valid_to for status, valid_from, valid_to in person["insured"].values()
            )
            listed = person["born"] is not None and person["born"] <= BORN and not active
            changed, person["listed"] = listed != person["listed"], listed
            people[name] = person
            if changed:
                await lists.send(key=name, value={"n": row["n"], "person": name, "change": "entered" if listed else "left"})

    return app


if __name__ == "__main__":
    faust.Worker(application(os.environ["KAFKA_BOOTSTRAP"]), loglevel="warn", workdir=sys.argv[1]).execute_from_commandline()
