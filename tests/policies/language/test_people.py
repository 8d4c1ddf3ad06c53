"""Two names of one person are one."""

from __future__ import annotations

import pytest

from policies.language.people import check_people
from policies.problems.problems import Conflict


@pytest.mark.parametrize(
    ("by", "approved_by"),
    [
        ("王芳", "王芳"), ("Wang Fang", "wang  fang"), ("ＷＦ", "wf"), ("", "王芳"), (" ", "王芳"), ("王芳", "王\u200b芳"), ("王芳", "\ufeff王芳"),
        ("王芳", "王·芳"), ("王芳", "王芳。"), ("王芳", "（王芳）"), ("王芳", "王芳\ufe00"), ("王芳", "王\u3164芳"), ("王芳", "王\u115f芳"), ("wang", "wang\u034f"),
        ("wang", "w\u00adang"), ("wang", "ＷＡＮＧ"), ("wang-fang", "wang_fang"), ("strasse", "straße"), ("①", "1"), ("ﬁ", "fi"), ("é", "e\u0301"),
        ("王芳", "…"), ("王芳", "\u200b"), ("王芳", "——"), ("王芳", "😀"), ("王芳", "\u0301"), ("王芳", "\U000e0100"), ("王芳", "王芳\U000e0041"),
    ],
)  # fmt: skip
def test_two_different_people_must_decide(by: str, approved_by: str) -> None:
    """The same name in another case, width or spacing, with signs, or with what nobody sees, is the same person; a sign is nobody."""
    with pytest.raises(Conflict):
        check_people(by, approved_by)


@pytest.mark.parametrize(("by", "approved_by"), [("王芳", "王方"), ("王芳", "王芳2"), ("wang", "wāng"), ("李", "李李")])
def test_other_letters_are_other_people(by: str, approved_by: str) -> None:
    """Tones, numbers and every letter count."""
    check_people(by, approved_by)
