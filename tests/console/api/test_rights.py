"""Every cell of the table of roles over every route: what the table denies is denied, what it allows is not, on one's own and on others'.

What is expected is read off the table by scope alone, with who is whose written here; the decision itself is made by the service.
"""

from __future__ import annotations

from typing import Any

import pytest

from connectors.accounts.grants import Role
from console.api.route import Route
from console.api.routes import ALL
from services.access.actions import Action
from services.access.table import Scope, scope_of
from tests.console.api.conftest import PEOPLE, Client, Office
from tests.console.town import ALLOWANCE, HUKOU, POLICY, register_row

AGENCY_OF = {POLICY: "putuo-medical-insurance", ALLOWANCE: "putuo-civil-affairs"}
UNIT_OF = {"hukou": "putuo-psb", "medical_insurance": "putuo-medical-insurance"}
COVERAGE = '{"format": 1, "statement": "s9", "feed": "%s", "unit": "%s", "division": "310107", "complete_to": "2026-10-01"}\n'
BODIES: dict[str, Any] = {
    "lists.outcome": {"outcome": "contacted"}, "lists.answer": {"check": "none", "answer": True}, "lists.note": {"text": "x"},
    "lists.call": {"day": None}, "lists.assign": {"name": None}, "requests.answer": {"answer": "confirmed"},
    "drafts.check": {"document": "x: 1"}, "drafts.preview": {"document": "x: 1"}, "drafts.needs": {"document": "x: 1"},
    "drafts.compare": {"document": "x: 1", "old": POLICY}, "drafts.test": {"document": "x: 1", "cases": "x: 1"},
    "units.add": {"id": "u", "kind": "member", "division": "1", "zh": "x", "en": "x"}, "feeds.add": {"name": "f", "document": "x: 1"},
    "coverage.state": {"document": COVERAGE % ("hukou", "putuo-psb")}, "accounts.add": {"name": "!", "title": "x"},
    "accounts.grant": {"grant": "x"}, "accounts.revoke": {"grant": "x"}, "accounts.standing": {"disabled": False},
    "tokens.issue": {"title": "x", "actions": ["unit.read"]}, "proposals.make": {"act": "withdraw", "policy": "none", "reason": "x"},
    "proposals.send_back": {"remark": "x"}, "people.find": {"text": "nobody"}, "quarantine.close": {"delivery": 99}, "audit.verify": {},
    "audit.person": {"who": "0123456789abcdef"},
}  # fmt: skip
"""A body for each route that has one; most are refused later, which is not a denial."""
DECIDED_INSIDE = {"requests.answer", "tokens.issue", "tokens.revoke", "feeds.add"}
"""Routes whose own function decides on what stands in the body or state: a right to some of it is not a denial here."""


def is_allowed(route: Route, role: Role, unit: str | None, agency: str | None, source: str | None) -> bool:
    """What the table says about a role, for a target of this agency and of this source."""
    match scope_of(role, route.action):
        case Scope.NONE:
            return False
        case Scope.ANY:
            return True
        case Scope.OWN_AGENCY:
            return agency in (None, unit)
        case Scope.OWN_UNIT:
            return source in (None, unit)
        case Scope.OWN_DIVISION:
            return not route.whole


def cases() -> list[tuple[Route, str | None, str | None]]:
    """Each route, with each policy or feed that it may be about."""
    listed: list[tuple[Route, str | None, str | None]] = []
    for route in ALL:
        if "{policy}" in route.path:
            listed += [(route, policy, None) for policy in AGENCY_OF]
        elif "{feed}" in route.path:
            listed += [(route, None, feed) for feed in UNIT_OF]
        else:
            listed.append((route, None, None))
    return listed


@pytest.fixture(scope="module")
def subjects(office: Office) -> dict[str, str]:
    """A candidate of each list."""
    return {
        POLICY: office.clerk.get(f"/policies/{POLICY}/candidates").json()["candidates"][0]["subject"],
        ALLOWANCE: office.other_clerk.get(f"/policies/{ALLOWANCE}/candidates").json()["candidates"][0]["subject"],
    }


def ask(client: Client, route: Route, policy: str | None, feed: str | None, subject: str | None) -> int:
    """The status of a request to a route."""
    names = {
        "policy": policy, "feed": feed, "subject": subject, "number": 1, "hold": "h1", "proposal": "P999", "account": "nobody", "token": "none", "snapshot": "none", "line": 0, "size": 1,
    }  # fmt: skip
    place = route.path.format(**names)
    if route.body:
        content = (HUKOU + register_row(9)).encode("gb18030")
        return client.request(route.method, place, content=content, params={"unit": UNIT_OF[feed or "hukou"]} if feed else None).status_code
    return client.request(route.method, place, json=BODIES.get(route.name) if route.method != "GET" else None).status_code


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case[0].name}-{case[1] or case[2] or ''}")
def test_a_cell_of_the_table(office: Office, subjects: dict[str, str], case: tuple[Route, str | None, str | None]) -> None:
    """For everybody: 403 exactly where the table says no."""
    route, policy, feed = case
    agency, source = AGENCY_OF.get(policy or ""), UNIT_OF.get(feed or "")
    subject = subjects.get(policy or "")
    for name, grant in PEOPLE.items():
        status = ask(office.people[name], route, policy, feed, subject)
        role, _, rest = grant.partition(":")
        unit = rest.partition(":")[2] or None
        allowed = bool(grant) and is_allowed(route, Role(role), unit, agency, source)
        if route.name == "coverage.state" and allowed:
            allowed = unit in (None, "putuo-psb")
        assert status != 401, (name, status)
        assert status < 500, (name, status)
        if not allowed or route.name not in DECIDED_INSIDE:
            assert (status != 403) == allowed, (name, status)


def test_every_route_is_denied_to_whoever_is_not_signed_in(office: Office, subjects: dict[str, str]) -> None:
    """With no session and no token, whatever is sent."""
    stranger = Client(base_url=f"{office.running.address}/v1", timeout=60)
    for route, policy, feed in cases():
        assert ask(stranger, route, policy, feed, subjects.get(policy or "", "0" * 16)) == 401, route.name


def test_a_change_needs_the_token_of_its_session(office: Office) -> None:
    """Another site can make a browser send the cookie, not the header."""
    cookies = dict(office.clerk.cookies)
    with Client(base_url=f"{office.running.address}/v1", cookies=cookies, timeout=60) as forged:
        assert forged.get("/units").status_code == 200
        assert forged.post(f"/policies/{POLICY}/editions").json()["type"].endswith(":csrf")


def test_every_action_that_a_route_needs_is_in_the_table() -> None:
    """A route with an action of its own making would be denied to all, or decided elsewhere."""
    assert {route.action for route in ALL} <= set(Action)


def test_a_token_does_what_it_is_for_and_nothing_else(office: Office) -> None:
    """A machine of a steward delivers one feed; it reads no list and no other feed."""
    issued = office.steward.post("/tokens", json={"title": "nightly", "actions": ["delivery.take_in"], "feeds": ["hukou"], "days": 7})
    assert issued.status_code == 201, issued.text
    headers = {"authorization": f"Bearer {issued.json()['secret']}"}
    with Client(base_url=f"{office.running.address}/v1", headers=headers, timeout=60) as machine:
        content = (HUKOU + register_row(2, "2026-10-04")).encode("gb18030")
        assert machine.post("/feeds/hukou/deliveries", content=content).status_code == 201
        assert machine.post("/feeds/medical_insurance/deliveries", content=content).status_code == 403
        assert machine.get("/feeds/hukou/deliveries").status_code == 403
        assert office.steward.delete(f"/tokens/{issued.json()['id']}").status_code == 200
        assert machine.post("/feeds/hukou/deliveries", content=content).status_code == 401
