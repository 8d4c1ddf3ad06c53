"""Lines of the record of access as rows of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.values import Text
from services.access.actions import TITLES, Action

if TYPE_CHECKING:
    from services.audit.listing import RecordedAccess
    from services.audit.persons import AccessToPerson

COLUMNS = (
    Text("行", "line"), Text("时间", "time"), Text("谁", "who"), Text("从", "by"), Text("操作", "action"),
    Text("政策、数据源", "policy, feed"), Text("用途", "purpose"), Text("几个", "count"), Text("结果", "outcome"),
)  # fmt: skip
PERSON_COLUMNS = (
    Text("时间", "time"), Text("谁", "who"), Text("单位", "agency"), Text("做了什么", "what"), Text("名单", "list"),
    Text("用途", "purpose"),
    Text("依据的协议", "by the agreements"),
)  # fmt: skip
OUTCOMES = {"allowed": Text("允许", "allowed"), "denied": Text("拒绝", "denied")}
CUT = Text("中断的一行已切去", "a line that was not finished was cut off")
_KINDS = {
    "household": Text("（所在家庭）", " (the household)"),
    "dwelling": Text("（所在住房）", " (the dwelling)"),
    "everybody": Text("全体居民", "all residents"),
}
_WITH_IDENTITY = Text("，含身份", ", with identity")


def access_row(line: RecordedAccess, language: str) -> list[str]:
    """A line as a row."""
    what = CUT if line.kind == "cut" else _title(line.action)
    names = [name for name in (line.policy, line.feed) if name]
    also = _WITH_IDENTITY[language] if line.also == Action.SEE_IDENTITY else ""
    return [
        str(line.line), line.time[:19].replace("T", " "), _name(line.who, line.token), line.via, what[language] + also, " ".join(names),
        line.purpose or "", f"{line.count:,}" if line.count else "", OUTCOMES[line.outcome][language],
    ]  # fmt: skip


def person_row(access: AccessToPerson, language: str) -> list[str]:
    """An access to a person as a row."""
    kind = _KINDS[access.as_kind][language] if access.as_kind in _KINDS else ""
    identity = _WITH_IDENTITY[language] if access.identity else ""
    title = "" if access.title is None else access.title[language]
    return [
        access.time[:19].replace("T", " "), access.who, access.agency or "", f"{access.what[language]}{identity}", f"{title}{kind}",
        access.purpose or "", " ".join(access.agreements),
    ]  # fmt: skip


def _name(who: str, token: str | None) -> str:
    return who if token is None else f"{who} ({token})"


def _title(code: str) -> Text:
    return TITLES[Action(code)] if code in set(Action) else Text(code, code)
