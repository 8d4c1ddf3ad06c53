"""Every problem of a file of cases, as a table; see ``policies.problems.sentences``.

The structural codes are shared with that table.
"""

from __future__ import annotations

from policies.problems.problems import Sentences
from policies.problems.sentences import STRUCTURE

CASES: Sentences = {
    **STRUCTURE,
    "subject-unknown": ("error", "案例里没有对象 {word}。{meant}应为 given 中的一个：{choices}。",
                        "The case has no subject {word}.{meant} Expected one of those in given: {choices}."),
    "subject-twice": ("error", "名称 {word} 同时用于两类对象。请给其中一个换名。",
                      "The name {word} stands for two kinds of subject. Rename one."),
    "record-form": ("error", "{given} 不是记录。应为一个映射，或映射的列表。",
                    "{given} is no record. A map, or a list of maps, was expected. Write it so."),
    "record-word": ("error", "{feed} 的记录里没有 {word}。{meant}可用：{choices}。",
                    "A record of {feed} has no {word}.{meant} Known: {choices}. Mend or delete it."),
    "record-value": ("error", "{word} 为 {given}，应为{expected}。请改正。",
                     "{word} is {given}; {expected} was expected. Mend it."),
    "record-range": ("error", "{word} 为 {given}，超出数据源约定的范围（{low} 至 {high}）：真实交付中这一行会被隔离。请改正，或写 quarantined: true。",
                     ("{word} is {given}, outside what its contract declares ({low} to {high}): in a delivery this row would go into quarantine. "
                      "Mend it, or write quarantined: true.")),
    "feed-unknown": ("error", "{kind}没有数据源 {word}。{meant}可用：{choices}。",
                     "A {kind} has no feed {word}.{meant} Available: {choices}. Mend it."),
    "unit-unknown": ("error", "{word} 不是该数据源的单位。{meant}应为：{choices}。",
                     "{word} is no source of this feed.{meant} Expected: {choices}. Mend it."),
    "coverage-extent": ("error", "覆盖声明须恰有 division 或 subjects 之一。请补上或删去一个。",
                        "A coverage statement names either division or subjects. Add one or drop one."),
    "division-invalid": ("error", "{given} 不是区划代码。应为加引号的 2、4、6、9 或 12 位数字，不以 00 开头。",
                         "{given} is no division code. Expected 2, 4, 6, 9 or 12 digits in quotes, not beginning with 00. Mend it."),
    "link-misplaced": ("error", "{word} 应是一个对象的名称，这里是 {given}。请写对象名，如 h1。",
                       "{word} takes the name of a subject; here is {given}. Write one, such as h1."),
}  # fmt: skip
