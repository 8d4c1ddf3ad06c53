"""Roles of people and machines, and grants: a role within a division, and where it has one, of an agency or unit.

``connectors.accounts.store`` keeps grants; ``services.access.table`` says what a role may do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from policies.problems.problems import HuiminError
from policies.values import Text, is_division, significant

STREET_DIGITS = 9
"""A division with so many digits, or more, is a street or lies in one (GB/T 10114)."""


class Role(StrEnum):
    """What somebody is at work."""

    OFFICER = "officer"
    APPROVER = "approver"
    CLERK = "clerk"
    STEWARD = "steward"
    ANALYST = "analyst"
    COORDINATOR = "coordinator"
    AUDITOR = "auditor"
    OPERATOR = "operator"


TITLES: Mapping[Role, Text] = {
    Role.OFFICER: Text("政策员", "officer"),
    Role.APPROVER: Text("审批员", "approver"),
    Role.CLERK: Text("经办员", "clerk"),
    Role.STEWARD: Text("数据员", "steward"),
    Role.ANALYST: Text("分析员", "analyst"),
    Role.COORDINATOR: Text("街镇协调员", "coordinator"),
    Role.AUDITOR: Text("审计员", "auditor"),
    Role.OPERATOR: Text("运维员", "operator"),
}
OF_A_UNIT = frozenset({Role.CLERK, Role.STEWARD})
"""Roles that name a unit: a clerk the agency whose lists they work, a steward the unit that delivers."""


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """A role that an account has.

    Args:
        division: its GB/T 2260 code; the role reaches this place and what lies in it.
        unit: of a clerk the agency, of a steward the unit; None for all other roles.
    """

    role: Role
    division: str
    unit: str | None = None

    def __str__(self) -> str:
        return ":".join((self.role, self.division, *([] if self.unit is None else [self.unit])))


def grant_of(text: str) -> Grant:
    """A grant as people type it: ``role:division`` or ``role:division:unit``.

    Raises:
        HuiminError: it is none; says what is wrong.

    Example:
        >>> grant_of("clerk:310107:putuo-civil-affairs").unit
        'putuo-civil-affairs'
    """
    role, _, rest = text.partition(":")
    division, _, unit = rest.partition(":")
    if role not in set(Role):
        names = "、".join(Role), ", ".join(Role)
        raise HuiminError(Text(f"没有角色“{role}”；有：{names[0]}。", f"There is no role {role!r}; there are: {names[1]}."), 2)
    return checked_grant(Grant(Role(role), division, unit or None))


def checked_grant(grant: Grant) -> Grant:
    """A grant whose division and unit fit its role.

    Raises:
        HuiminError: one of them does not.
    """
    title = TITLES[grant.role]
    if not is_division(grant.division):
        zh = f"授权要写区划代码（GB/T 2260，2、4、6、9 或 12 位），如 {grant.role}:310107；“{grant.division}”不是。"
        en = f"A grant names a division (GB/T 2260, 2, 4, 6, 9 or 12 digits), such as {grant.role}:310107; {grant.division!r} is none."
        raise HuiminError(Text(zh, en), 2)
    if grant.role in OF_A_UNIT and grant.unit is None:
        zh = f"{title.zh}要写明单位：{grant.role}:{grant.division}:单位代号。"
        raise HuiminError(Text(zh, f"A {title.en} needs a unit: {grant.role}:{grant.division}:UNIT."), 2)
    if grant.role not in OF_A_UNIT and grant.unit is not None:
        zh = f"{title.zh}不属于某个单位，请去掉“{grant.unit}”。"
        raise HuiminError(Text(zh, f"The role {title.en} belongs to no unit: leave out {grant.unit!r}."), 2)
    if grant.role is Role.COORDINATOR and len(significant(grant.division)) < STREET_DIGITS:
        zh = f"{title.zh}要写街镇的代码（9 位），如 coordinator:310107020；{grant.division} 比街镇大。"
        en = f"A coordinator needs a street's code (9 digits), such as coordinator:310107020; {grant.division} is larger than a street."
        raise HuiminError(Text(zh, en), 2)
    return grant
