"""How long applications for a policy are still taken, in words.

Lists, exported files, visit sheets and the terminal say it beside a policy that declares ``apply_by``. It changes no verdict.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from policies.values import Text

if TYPE_CHECKING:
    from policies.language.tree import Policy


def days_left(policy: Policy, day: date) -> int | None:
    """How many days after ``day`` applications close: 0 on the last one, negative once it is over; None where no day is declared."""
    return None if policy.apply_by is None else (policy.apply_by - day).days


def closing_words(policy: Policy, day: date) -> Text | None:
    """When applications close and how many days are left, or that they have closed; None where no day is declared."""
    left = days_left(policy, day)
    if left is None:
        return None
    last = policy.apply_by
    if left < 0:
        return Text(f"申请已于 {last} 截止", f"applications closed on {last}")
    if left == 0:
        return Text(f"申请今天（{last}）截止", f"applications close today ({last})")
    return Text(f"申请 {last} 截止，还剩 {left} 天", f"applications close on {last}, {left} {'day' if left == 1 else 'days'} left")
