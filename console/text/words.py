"""The words of lists in both languages: verdicts, statuses, changes, causes, outcomes; and the names of divisions."""

from __future__ import annotations

from collections.abc import Mapping

from policies.values import Text
from streams.ledgers.outcomes import TITLES

VERDICTS = {"yes": Text("符合", "yes"), "no": Text("不符合", "no"), "unknown": Text("待定", "unknown")}
STATUSES = {
    "eligible": Text("符合条件", "eligible"),
    "to_check": Text("待核实", "to check"),
    "needs_evidence": Text("缺证据", "needs evidence"),
    None: Text("—", "—"),
}
STILL_YES = Text("无论所缺的值是什么，结论都是符合。", "Whatever the missing value is, still yes.")
CHANGES = {"entered": Text("进入", "entered"), "left": Text("离开", "left"), "changed": Text("变化", "changed")}
OUTCOMES = TITLES
"""The titles of outcomes."""
CAUSES = {
    "record": Text("记录变化", "record"),
    "coverage": Text("覆盖声明", "coverage"),
    "publication": Text("政策发布", "publication"),
    "withdrawal": Text("政策撤销", "withdrawal"),
    "amendment": Text("政策修订", "amendment"),
    "day": Text("日期推进", "passing day"),
    "answer": Text("核实结果", "answer"),
    "agreement": Text("协议到期", "agreement"),
    "identity": Text("身份更正", "identity"),
    "outcome": Text("机构反馈", "outcome"),
    "evidence": Text("证据变化", "evidence"),
    "release": Text("暂缓放行", "release"),
    "erasure": Text("删除个人", "erasure"),
    "contract": Text("数据源约定变更", "contract"),
    "engine": Text("系统升级", "engine"),
}
MARKS = {"T": "✓", "F": "✗", "U": "?"}
STYLES = {"T": "green", "F": "red", "U": "yellow"}


def street(code: str | None, places: Mapping[str, Text], language: str) -> str:
    """The name of a division (``Catalogue.divisions``), or its code where it has no name; a dash for None."""
    if code is None:
        return "—"
    return places[code][language] if code in places else code


def place(code: str, places: Mapping[str, Text], language: str) -> str:
    """The code of a division, with its name where it has one.

    Example:
        >>> place("310107020", {"310107020": Text("宜川路", "Yichuan Road")}, "en"), place("310107", {}, "en")
        ('310107020 Yichuan Road', '310107')
    """
    return f"{code} {places[code][language]}" if code in places else code


def token(subject: int) -> str:
    """A subject as its token: 16 hex digits.

    Example:
        >>> token(255)
        '00000000000000ff'
    """
    return f"{subject:016x}"


def number(count: int) -> str:
    """A count with separators: 12,345."""
    return f"{count:,}"


def with_noun(count: int, noun: str) -> str:
    """A count with its noun in English: 1 line, 1,200 lines."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def outcomes(counts: Mapping[str, int], language: str) -> str:
    """The counts of outcomes, in their usual order.

    Example:
        >>> outcomes({"declined": 2, "enrolled": 1200}, "en")
        'enrolled 1,200, declined 2'
    """
    parts = [f"{title[language]} {number(counts[outcome])}" for outcome, title in OUTCOMES.items() if counts.get(outcome)]
    return ("，" if language == "zh" else ", ").join(parts)
