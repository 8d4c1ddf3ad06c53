"""The words of the lists, in both languages: verdicts, statuses, changes, causes, streets."""

from __future__ import annotations

from collections.abc import Mapping

from policies.values import Text
from streams.outcomes import TITLES

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
"""What an agency found."""
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
    "engine": Text("系统升级", "engine"),
}
MARKS = {"T": "✓", "F": "✗", "U": "?"}
STYLES = {"T": "green", "F": "red", "U": "yellow"}
STREETS = {
    "310107005": Text("曹杨新村", "Caoyang"),
    "310107014": Text("长风新村", "Changfeng"),
    "310107015": Text("长寿路", "Changshou Road"),
    "310107016": Text("甘泉路", "Ganquan Road"),
    "310107017": Text("石泉路", "Shiquan Road"),
    "310107020": Text("宜川路", "Yichuan Road"),
    "310107021": Text("万里", "Wanli"),
    "310107022": Text("真如镇", "Zhenru"),
    "310107102": Text("长征镇", "Changzheng"),
    "310107103": Text("桃浦镇", "Taopu"),
}
"""Streets and towns of Putuo, for headings; other divisions show their code."""


def street(code: str | None, language: str) -> str:
    """The name of a division where it is known, else its code; a dash where there is none."""
    if code is None:
        return "—"
    return STREETS[code][language] if code in STREETS else code


def place(code: str, language: str) -> str:
    """A division's code, with its name where that is known.

    Example:
        >>> place("310107020", "en"), place("310107", "en")
        ('310107020 Yichuan Road', '310107')
    """
    return f"{code} {STREETS[code][language]}" if code in STREETS else code


def token(subject: int) -> str:
    """A subject as people see it: 16 hex digits.

    Example:
        >>> token(255)
        '00000000000000ff'
    """
    return f"{subject:016x}"


def number(count: int) -> str:
    """A count with separators: 12,345."""
    return f"{count:,}"


def outcomes(counts: Mapping[str, int], language: str) -> str:
    """How many of each outcome, the usual order.

    Example:
        >>> outcomes({"declined": 2, "enrolled": 1200}, "en")
        'enrolled 1,200, declined 2'
    """
    parts = [f"{title[language]} {number(counts[one])}" for one, title in OUTCOMES.items() if counts.get(one)]
    return ("，" if language == "zh" else ", ").join(parts)
