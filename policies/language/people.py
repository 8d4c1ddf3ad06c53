"""Whether two names stand for two different people.

Decisions of two people are checked where they are made (``check_people``) and where they are admitted (``streams.steps.admission``).
"""

from __future__ import annotations

import unicodedata

from policies.problems.problems import Conflict
from policies.values import Text

_UNSEEN = frozenset(
    chr(code)
    for first, last in ((0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x3164, 0x3164), (0xFE00, 0xFE0F),
                        (0xFFA0, 0xFFA0), (0xE0100, 0xE01EF))
    for code in range(first, last + 1)
)  # fmt: skip
"""Letters and marks that nobody sees; all other invisible characters are neither letters nor marks."""


def are_two_people(by: str, approved_by: str) -> bool:
    """Do two names stand for two different people (``person``)?"""
    author, approver = person(by), person(approved_by)
    return bool(author and approver) and author != approver


def check_people(by: str, approved_by: str) -> None:
    """Two different people must decide (``person`` says when two names are one).

    Raises:
        Conflict: one name is empty, or both are one person's.
    """
    if are_two_people(by, approved_by):
        return
    if not person(by) or not person(approved_by):
        raise Conflict(Text("须写明经办人和批准人。请补上姓名。",
                            "The names of both are needed: who does it, and who approves. Add them."))  # fmt: skip
    zh, en = f"经办人与批准人是同一人({by})。", f"The one who does it and the one who approves are the same person ({by})."
    raise Conflict(Text(f"{zh}须由另一人批准。", f"{en} Another must approve."))


def person(name: str) -> str:
    """The person a name stands for: its letters, marks and digits alone; "" where there is no letter or digit.

    Case, width, spaces, punctuation, signs and invisible characters make no other person.

    Source: Unicode 15, NFKC_Casefold and Default_Ignorable_Code_Point (DerivedCoreProperties).

    Example:
        >>> person("Ｗang\u200b·Fang") == person("wang fang"), person("…")
        (True, '')
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    visible = [sign for sign in folded if unicodedata.category(sign)[0] in "LMN" and sign not in _UNSEEN]
    return "".join(visible) if any(unicodedata.category(sign)[0] in "LN" for sign in visible) else ""
