"""Sample files as offices make them, drawn at random: titles above the header, totals below, full-width digits, days in every form.

A column is drawn with its title and the type that a draft of its contract should give it, so that a test knows what is right.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from tests.connectors.files import workbook
from tests.connectors.samples import resident

_WIDE = str.maketrans("0123456789-", "０１２３４５６７８９－")
NAMES = ("王芳", "李小强", "张三丰", "欧阳修", "陈明", "刘德", "赵一曼", "阿依古丽·买买提")


@dataclass(frozen=True)
class DrawnColumn:
    """A column of a drawn file.

    Args:
        type: what a draft should say.
        secret: no cell of it may stand in a draft.
    """

    title: str
    type: str
    cells: list[str]
    secret: bool = False


@dataclass(frozen=True)
class DrawnFile:
    path: Path
    columns: list[DrawnColumn]
    rows: int
    many: bool
    footers: int
    blank: int
    key: str | None
    order: str | None
    validity: bool
    secrets: set[str] = field(default_factory=set)


def day_text(random: Random, day: date, form: str) -> str:
    """A day in a form."""
    plain = {
        "iso": f"{day}",
        "bare": f"{day:%Y%m%d}",
        "slash": f"{day.year}/{day.month}/{day.day}",
        "zh": f"{day.year}年{day.month}月{day.day}日",
    }
    plain["point"] = f"{day.year}.{day.month}.{day.day}"
    plain["wide"] = f"{day}".translate(_WIDE)
    return plain[form]


def draw_file(random: Random, folder: Path, format: str) -> DrawnFile:
    """A file with at least one column of resident numbers, and others by chance."""
    n, many = random.randint(12, 60), random.random() < 0.4
    columns, key, order, validity = [_residents(random, n, many)], None, None, random.random() < 0.5
    if many or random.random() < 0.5:
        key = random.choice(["流水号", "残疾人证号", "编号", "卡号"])
        columns.append(DrawnColumn(key, "text", [f"K-{serial}" for serial in random.sample(range(1000, 9999), n)], True))
    if random.random() < 0.5:
        order = random.choice(["更新时间", "修改日期", "变更日期"])
        columns.append(DrawnColumn(order, "date", _days(random, n, date(2024, 1, 1), ("iso", "bare", "zh", "wide"))))
    if validity:
        columns += _validity(random, n)
    others = random.sample(_OTHERS, random.randint(1, len(_OTHERS)))
    columns += [make(random, n) for make in others]
    random.shuffle(columns)
    if random.random() < 0.3 and format != "jsonl":
        columns.insert(0, DrawnColumn("序号", "int", [str(at) for at in range(1, n + 1)]))
    secrets = {cell for column in columns if column.secret for cell in column.cells if len(cell) > 1}
    return _write(random, folder, format, columns, n, many, key, order, validity, secrets)


def _residents(random: Random, n: int, many: bool) -> DrawnColumn:
    serials = random.sample(range(1, 900), n)
    if many:
        serials[-1] = serials[0]
    cells = [resident(serial) for serial in serials]
    return DrawnColumn(random.choice(["身份证号", "公民身份号码", "证件号码（必填）", "某号"]), "resident", cells, True)


def _days(random: Random, n: int, first: date, forms: Sequence[str]) -> list[str]:
    form = random.choice(forms)
    return [day_text(random, first + timedelta(days=random.randint(0, 700)), form) for _ in range(n)]


def _validity(random: Random, n: int) -> list[DrawnColumn]:
    form, opens = random.choice(["iso", "bare", "slash", "zh", "point"]), random.random() < 0.4
    starts = [date(2020, 1, 1) + timedelta(days=random.randint(0, 900)) for _ in range(n)]
    ends = [day_text(random, start + timedelta(days=random.randint(0, 900)), form) for start in starts]
    for at in range(0, n, 3):
        ends[at] = random.choice(["长期", ""]) if opens else ends[at]
    return [DrawnColumn("开始日期", "date", [day_text(random, start, form) for start in starts]), DrawnColumn("结束日期", "date", ends)]


def _empties(random: Random, cells: list[str], words: Sequence[str] = ("",)) -> list[str]:
    """The cells, some of them empty, or with a word for that."""
    if random.random() < 0.5:
        return cells
    word = random.choice(words)
    return [word if random.random() < 0.2 else cell for cell in cells]


def _amount(random: Random, n: int) -> DrawnColumn:
    form: Callable[[int], str] = random.choice(
        [lambda x: f"{x}", lambda x: f"{x}.50", lambda x: f"{x:,}.25", lambda x: f"￥{x}.5", lambda x: str(x).translate(_WIDE)]
    )
    return DrawnColumn(
        "发放金额（元）", "decimal", _empties(random, [form(random.randint(0, 90_000)) for _ in range(n)], ("", "-", "无")), False
    )


def _category(random: Random, n: int) -> DrawnColumn:
    values = random.choice([("甲类", "乙类"), ("正常", "终止", "暂停"), ("城镇职工", "城乡居民", "高中"), ("A", "B")])
    return DrawnColumn("档位", "enum", [values[at % len(values)] for at in range(n)])


_OTHERS: list[Callable[[Random, int], DrawnColumn]] = [
    _amount,
    _category,
    lambda random, n: DrawnColumn("姓 名", "text", [random.choice(NAMES) + "甲乙丙丁"[at % 4] for at in range(n)], True),
    lambda random, n: DrawnColumn("户主", "text", [NAMES[at % 3] for at in range(n)], True),
    lambda random, n: DrawnColumn("谁办的", "text", [NAMES[at % 3] for at in range(n)], True),
    lambda random, n: DrawnColumn("性别", "enum", ["男" if at % 2 else "女" for at in range(n)]),
    lambda random, n: DrawnColumn("出生日期", "date", _days(random, n, date(1940, 5, 1), ("iso", "bare", "slash", "zh", "wide"))),
    lambda random, n: DrawnColumn("联系电话", "text", [f"139{random.randint(0, 99_999_999):08d}" for _ in range(n)], True),
    lambda random, n: DrawnColumn("传呼", "text", [f"138{random.randint(0, 99_999_999):08d}" for _ in range(n)], True),
    lambda random, n: DrawnColumn("是否独居", "enum", ["是" if at % 3 else "否" for at in range(n)]),
    lambda random, n: DrawnColumn("家庭人口", "int", _empties(random, [str(random.randint(1, 9)) for _ in range(n)], ("", "/"))),
    lambda random, n: DrawnColumn(
        "街镇代码", "division", _empties(random, [random.choice(["310107020", "310107014000"]) for _ in range(n)])
    ),
    lambda random, n: DrawnColumn("家庭住址", "text", [f"示例路{random.randint(1, 999)}号{at}室" for at in range(n)], True),
    lambda random, n: DrawnColumn("备注", "text", _empties(random, [f"第{at}次走访" for at in range(n)]), True),
    lambda random, n: DrawnColumn("社保账户", "text", [f"{random.randint(10**11, 10**12 - 1)}" for _ in range(n)], True),
]


def _write(
    random: Random, folder: Path, format: str, columns: list[DrawnColumn], n: int, many: bool, key: str | None, order: str | None,
    validity: bool, secrets: set[str],
) -> DrawnFile:  # fmt: skip
    titles, rows = [column.title for column in columns], [list(cells) for cells in zip(*(column.cells for column in columns), strict=True)]
    above, blank, footers = random.randint(0, 2), random.randint(0, 2), random.randint(0, 2)
    if format == "jsonl":
        above = blank = footers = 0
        path = folder / "sample.ndjson"
        records = [{title: cell for title, cell in zip(titles, row, strict=True) if cell or random.random() < 0.5} for row in rows]
        path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
        return DrawnFile(path, columns, n, many, 0, 0, key, order, validity, secrets)
    width = len(titles)
    footers = footers if width > 1 else 0
    lines = [["2026年3月助餐名单", *[""] * (width - 1)], ["制表单位：示例街道", *[""] * (width - 1)]][:above]
    lines += [titles, *rows[: n // 2], *[[""] * width] * blank, *rows[n // 2 :]]
    lines += [["合计", *[""] * (width - 1)], ["", "制表人：某某", *[""] * (width - 2)]][:footers]
    if format == "xlsx":

        def fill(book: Any, page: Any) -> None:
            for at, line in enumerate(lines):
                if any(line):
                    page.write_row(at, 0, line)

        path = workbook(folder / "sample.xlsx", fill)
        return DrawnFile(path, columns, n, many, footers, blank, key, order, validity, secrets)
    between, path = random.choice([",", "\t", ";", "|"]), folder / "sample.csv"
    text = "".join(between.join(f'"{cell}"' if between in cell or "," in cell else cell for cell in line) + "\r\n" for line in lines)
    path.write_bytes(text.encode(random.choice(["utf-8", "utf-8-sig", "gb18030"])))
    return DrawnFile(path, columns, n, many, footers, blank, key, order, validity, secrets)
