"""The titles of a list's columns, in both languages, and the words by which they are found when the list comes back.

``connectors.lists.lists`` writes them; ``connectors.lists.outcome_form`` reads a returned list by them.
"""

from __future__ import annotations

from collections.abc import Mapping

from policies.values import Kind, Text

STATUS: Mapping[str, Text] = {
    "eligible": Text("符合条件", "eligible"),
    "to_check": Text("待核实", "to check"),
    "needs_evidence": Text("缺证据", "needs evidence"),
}
STILL_YES = Text("无论所缺的值是什么都符合", "yes whatever the missing value is")
IDENTIFIER = {
    Kind.PERSON: Text("身份号码", "Resident number"),
    Kind.HOUSEHOLD: Text("户号", "Household number"),
    Kind.DWELLING: Text("房屋编号", "Property number"),
}
STREET = Text("街镇", "Street")
STATE = Text("状态", "Status")
TO_CHECK = Text("待核实事项", "To check")
MISSING = Text("缺的证据", "Missing")
APPLY_BY = Text("申请截止", "Apply by")
TOKEN = Text("代号", "Token")
PERSON_TOKENS = Text("人员代号", "Tokens of the people")
PEOPLE: Mapping[str, Text] = {"members": Text("家庭成员", "members"), "inverse": Text("居住人", "occupants")}
"""By the last step of a path to people: who they are."""

OUTCOME = Text("反馈", "outcome")
OUTCOME_DAY = Text("反馈日期", "outcome date")
CRITERION = Text("不符合的条件", "wrong criterion")
NOTE = Text("备注", "note")
CALL_AGAIN = Text("再联系日期", "call again on")
ASSIGNED_TO = Text("分派给", "assigned to")
AS_WRITTEN = Text("导出时", "As exported")
FILTER = Text("筛选：", "Filter: ")
"""How the title of the column begins that says with which filter a list was made."""
YES_NO = Text("是", "yes"), Text("否", "no")

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "token": (TOKEN.zh, TOKEN.en, "subject", "化名"),
    "outcome": (OUTCOME.zh, OUTCOME.en, "反馈结果", "feedback"),
    "on": (OUTCOME_DAY.zh, OUTCOME_DAY.en, "日期", "on", "date"),
    "criterion": (CRITERION.zh, CRITERION.en, "条件", "criterion"),
    "note": (NOTE.zh, NOTE.en, "notes"),
    "call_again": (CALL_AGAIN.zh, CALL_AGAIN.en, "再联系", "call again", "call_again"),
    "assigned_to": (ASSIGNED_TO.zh, ASSIGNED_TO.en, "assigned_to"),
    "as_written": (AS_WRITTEN.zh, AS_WRITTEN.en, "as_written"),
}
"""By what a column of a returned list is for: every title it may have."""


HIDDEN_TITLES = frozenset(title[language] for title in (TOKEN, PERSON_TOKENS, AS_WRITTEN) for language in ("zh", "en"))
"""Columns that only programs read."""
CHANGES_SHEET = Text("变动", "Changes")
ABOUT_SHEET = Text("说明", "About")
OTHER_SHEETS = frozenset(title[language] for title in (CHANGES_SHEET, ABOUT_SHEET) for language in ("zh", "en"))
"""The names of the sheets of a workbook that are no part of the list, and are not read when it comes back."""


def plain(text: str) -> str:
    """A title as it is compared: without upper case, and with single spaces."""
    return " ".join(text.split()).lower()
