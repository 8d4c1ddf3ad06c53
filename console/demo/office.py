"""Accounts for a made-up district: one for everybody who works with the service, so that it can be tried at once.

``huimin demo --accounts`` makes them, with one random password that it shows. The user who runs it is the operator on the command line.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from connectors.accounts.grants import grant_of
from infra.settings import clock, operator
from services.access.account_book import opened_book
from services.access.accounts import add_account, set_password
from services.access.deciding import owner

OFFICE = {
    "operator": ("运维员", "operator:310107"),
    "officer": ("政策员", "officer:310107"),
    "approver": ("审批员", "approver:310107"),
    "clerk": ("区医保中心经办员", "clerk:310107:putuo-medical-insurance"),
    "welfare-clerk": ("区民政局经办员", "clerk:310107:putuo-civil-affairs"),
    "steward": ("人口办数据员", "steward:310107:putuo-psb"),
    "coordinator": ("宜川路协调员", "coordinator:310107020"),
    "analyst": ("分析员", "analyst:310107"),
    "auditor": ("审计员", "auditor:310107"),
}
"""Title and grant of each account."""


def add_office(root: Path) -> str:
    """Adds the accounts to a workspace; returns their password."""
    password = secrets.token_urlsafe(9)
    with opened_book(root) as book:
        for name, (title, grant) in OFFICE.items():
            add_account(book, owner("demo"), name, title, [grant_of(grant)], clock(), operator() if name == "operator" else None)
            set_password(book, owner("demo"), name, password)
    return password
