"""Admission of withdrawals: of which version, and since when; ``streams.steps.steps`` asks.

A withdrawal ends every version published so far, so it must name the newest one. Then a withdrawal that is sent again, or that crosses a
publication, cannot end a version that the people who decided did not know. Source: docs/en/semantics.md section 8.
"""

from __future__ import annotations

from datetime import date

from policies.values import Text
from streams.language.errors import Refusal
from streams.language.messages import PolicyWithdrawn
from streams.steps.state import State


def require_newest(state: State, message: PolicyWithdrawn) -> None:
    """Checks that a withdrawal names the newest version of its policy.

    Raises:
        Refused: it names another one.
    """
    newest = state.registry.newest(message.policy)
    if message.version != newest:
        zh = f"撤销写的是政策 {message.policy} 第 {message.version} 版，而最新的是第 {newest} 版。请看过第 {newest} 版再决定是否撤销。"
        en = (
            f"The withdrawal names version {message.version} of policy {message.policy}, and the newest is {newest}. Look at that one, "
            "then decide whether to withdraw."
        )
        raise Refusal(Text(zh, en))


def withdrawn_since(state: State, message: PolicyWithdrawn) -> date:
    """Since when the policy is withdrawn: the state's day, or the earlier day in the message.

    Raises:
        Refused: that day is still to come or is before the first version's first day, there is no reason, or the policy is already
            withdrawn since another day.
    """
    name, since = message.policy, message.since
    if since is None:
        return state.day
    if not message.reason.strip():
        zh = f"追溯撤销政策 {name} 要写明原因。"
        raise Refusal(Text(zh, f"A withdrawal of policy {name} that reaches back needs its reason; say why."), 3)
    if since > state.day:
        zh = f"政策 {name} 不能自 {since} 起撤销：今天是 {state.day}，那一天还没有到。请写今天或更早的日期，或不写日期。"
        en = f"Policy {name} cannot be withdrawn since {since}: today is {state.day}. Name today or an earlier day, or none."
        raise Refusal(Text(zh, en))
    if (withdrawal := state.registry.withdrawal(name)) is not None:
        if withdrawal.since != since:
            zh = f"政策 {name} 已自 {withdrawal.since} 起撤销，不能再改为自 {since} 起。"
            raise Refusal(Text(zh, f"Policy {name} is withdrawn since {withdrawal.since} already; that cannot be made {since} now."))
        return since
    first = min(version.policy.effective_from for version in state.registry.standing_versions(name))
    if since < first:
        zh = f"政策 {name} 自 {first} 起才施行，不能自 {since} 起撤销。请写 {first} 或之后的日期；尚未施行的，不写日期即可。"
        en = (
            f"Policy {name} is in force from {first} only and cannot be withdrawn since {since}. Name {first} or a later day; "
            "where it has not begun yet, name no day."
        )
        raise Refusal(Text(zh, en))
    return since
