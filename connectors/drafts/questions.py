"""What a steward is asked in a proposed contract.

Called by ``connectors.drafts.document``.
"""

from __future__ import annotations

from policies.values import Text

HEAD = Text(
    "据样本起草的约定；逐行核对，回答各“问”后再用",
    "A contract drafted from a sample; read each line, and answer each QUESTION before it is used",
)
TITLE = Text("名称是什么？", "what is it called?")
SOURCE = Text(
    "哪个单位交付、负责哪个区划？（`units.yaml` 中的 `id`）", "which unit delivers, and for which division? (its `id` in `units.yaml`)"
)
SPACE = Text("编号由谁发放？`space` 须与登记的相同", "whose numbering is it? `space` has to be that of the register")
AGREEMENT = Text(
    "协议准许哪些用途、可提供哪些字段、到何时？未写之前什么也不能读",
    "for which purposes, which fields may be shown, until when? As it stands nothing may be read",
)
RHYTHM = Text(
    "多久来一次？补写 `expected_every`（如 `P1D`、`P1M`）", "how often does it come? Add `expected_every`, such as `P1D` or `P1M`"
)


def columns_without_title(places: str) -> Text:
    """Of columns that no contract can name."""
    return Text(
        f"第 {places} 列没有（单行的）列名，读不了；要读，请单位补上",
        f"columns {places} have no title of one line and cannot be read; if they matter, ask the unit to give them one",
    )


def same_title(titles: str) -> Text:
    """Of columns that share a title."""
    return Text(
        f"有几列同名，读不了：{titles}；要读，请单位改名",
        f"several columns have one title and cannot be read: {titles}; if they matter, ask the unit to rename them",
    )


def register(link: str) -> Text:
    """Of a feed about persons with a column of household numbers."""
    return Text(
        f"这是个人的登记吗？若是，写上 `registers: person`、`division: 区划字段`，和 `{link}`",
        f"is this the register of persons? If so, add `registers: person`, `division:` the field of the division, and `{link}`",
    )
