"""A running service of the small town, and everybody who works with it, signed in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from connectors.accounts.grants import grant_of
from infra.settings import clock
from services.access.account_book import opened_book
from services.access.accounts import add_account, set_password
from services.access.deciding import owner
from tests.console.conftest import Run, invoke, run, settled_town, town  # fixtures
from tests.console.service import RunningService, service

PASSWORD = "correct horse staple"
PEOPLE = {
    "operator": "operator:310107", "officer": "officer:310107", "approver": "approver:310107", "auditor": "auditor:310107",
    "analyst": "analyst:310107", "coordinator": "coordinator:310107020", "clerk": "clerk:310107:putuo-medical-insurance",
    "other-clerk": "clerk:310107:putuo-civil-affairs", "steward": "steward:310107:putuo-psb",
    "other-steward": "steward:310107:putuo-medical-insurance", "nobody": "",
}  # fmt: skip
"""Whoever works with the service, by account, with their grant."""


class Client(httpx.Client):
    """A signed-in person: every change has the session's token and a key of its own."""

    def request(self, method: str, url: Any, **options: Any) -> httpx.Response:  # the library's name
        headers = {"accept-language": "en", **dict(options.pop("headers", None) or {})}
        if method not in ("GET", "HEAD"):
            headers.setdefault("idempotency-key", uuid4().hex)
        return super().request(method, url, headers=headers, **options)


@dataclass(slots=True)
class Office:
    """The service, and its people."""

    running: RunningService
    workspace: Path
    people: dict[str, Client]

    def __getattr__(self, name: str) -> Client:
        return self.people[name.replace("_", "-")]


def add_people(workspace: Path) -> None:
    """Adds an account for everybody."""
    with opened_book(workspace) as book:
        for name, grant in PEOPLE.items():
            grants = [grant_of(grant)] if grant else []
            add_account(book, owner("test"), name, name.title(), grants, clock(), "root" if name == "operator" else None)
            set_password(book, owner("test"), name, PASSWORD)


def sign_in(address: str, name: str) -> Client:
    """A client who is signed in."""
    client = Client(base_url=f"{address}/v1", timeout=120)
    answer = client.post("/session", json={"name": name, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    client.headers["x-csrf-token"] = answer.json()["csrf"]
    return client


@pytest.fixture(scope="module")
def office(settled_town: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The service of a copy of the small town."""
    folder = tmp_path_factory.mktemp("office")
    shutil.copytree(settled_town, folder, dirs_exist_ok=True)
    add_people(folder / "w")
    with service(folder / "w", errors=folder / "log") as running:
        people = {name: sign_in(running.address, name) for name in PEOPLE}
        yield Office(running, folder / "w", people)
        for client in people.values():
            client.close()


__all__ = ["Run", "invoke", "run", "settled_town", "town"]
