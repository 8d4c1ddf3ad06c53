"""Delivered files in words: rows of tables, what to mend, and the statements that waited for a file.

``ingest`` and ``feed listen`` print these texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from policies.values import Text, share_words

if TYPE_CHECKING:
    from services.deliveries.exchange import TopicDelivery
    from services.deliveries.ingest import DeliveredFile, TriedFile


class Advice(NamedTuple):
    """A sentence about a file; an urgent one is printed on stderr, so that no pipe swallows it."""

    text: Text
    urgent: bool


COLUMNS = [
    Text("文件", "file"),
    Text("批次", "delivery"),
    Text("行数", "rows"),
    Text("隔离", "quarantined"),
    Text("无法识别对象", "nobody named"),
    Text("说明", "note"),
]
TRIAL_COLUMNS = [
    Text("文件", "file"),
    Text("行数", "rows"),
    Text("新增", "new"),
    Text("变化", "changed"),
    Text("相同", "same"),
    Text("较旧", "older"),
    Text("删除", "deleted"),
    Text("撤下", "withdrawn"),
    Text("隔离", "quarantined"),
    Text("无法识别对象", "nobody named"),
    Text("说明", "note"),
]
VOID = Text(
    "{file}：{rows} 行中 {unplaced} 行认不出对象，超过约定的比例 {allowed}（max_unplaced）。"
    "其余各行已收下、照常匹配；但以这一批为依据的覆盖声明不生效，没有记录仍不能证明“没有”。",
    "{file}: {unplaced} of {rows} rows name nobody, more than the contract's share of {allowed} (max_unplaced). "
    "The other rows are taken in and matched; but a coverage statement that rests on this delivery takes no effect.",
)
STATEMENTS = {
    "in_effect": Text("{file} 已收齐，声明 {id} 生效。", "{file} is complete: statement {id} takes effect."),
    "voided": Text(
        "声明 {id} 作废：{file} 中认不出对象的行过多。请单位改正后另行交付、另行声明。",
        "Statement {id} is void: too many rows of {file} name nobody. Ask the unit for a mended delivery and a new statement.",
    ),
    "rows_differ": Text(
        "声明 {id} 不生效：它写明的行数不是 {file} 的 {rows} 行。请单位核对后另行声明。",
        "Statement {id} takes no effect: it names another number of rows than the {rows} of {file}. Ask the unit for a new statement.",
    ),
}
"""The result for a statement that waited, by its standing once the delivery is complete."""


def file_row(file: DeliveredFile, language: str) -> list[str]:
    """A delivered file as a row under ``COLUMNS``."""
    return [file.file, str(file.delivery), *counts((file.rows, file.quarantined, file.unplaced)), note(file)[language]]


def trial_row(file: TriedFile, language: str) -> list[str]:
    """A file of a dry run as a row under ``TRIAL_COLUMNS``."""
    r = file.records
    records = (file.rows, r.new, r.changed, file.same, file.older, r.deleted, r.withdrawn, file.quarantined, file.unplaced)
    return [file.file, *counts(records), note(file)[language]]


def topic_row(delivery: TopicDelivery, language: str) -> list[str]:
    """A delivery from a topic as a row under ``COLUMNS``."""
    mark = delivery.resumed_behind
    resumed = Text(f"已收 {mark:,} 行，接着做", f"resumed behind {mark:,} rows") if mark else Text("", "")
    rows = (delivery.rows, delivery.quarantined, delivery.unplaced)
    return [delivery.id, str(delivery.delivery), *counts(rows), resumed[language]]


def counts(numbers: Sequence[int]) -> Iterator[str]:
    """Counts as cells of a table; zero is an empty cell."""
    return (f"{number:,}" if number else "" for number in numbers)


def note(file: DeliveredFile) -> Text:
    """The note about a file in its row."""
    if file.named_again:
        count = file.named_again
        return Text(
            f"已接收过；身份库中缺的 {count} 个身份已重新写入", f"taken in before; {count} names the vault had lost are written again"
        )
    if file.repeated:
        return Text("已接收过，未改动；要再收一次请加 --id", "taken in before; --id takes it in again")
    if file.void:
        return Text("无法识别的行过多，不能证明“没有”", "too many rows name nobody: it proves no absence")
    if file.resumed_behind:
        return Text(f"已收 {file.resumed_behind:,} 行，接着做", f"resumed behind {file.resumed_behind:,} rows")
    if file.erased:
        return Text(f"{file.erased} 行涉及已删除的人，未保留", f"{file.erased} rows about erased persons: not kept")
    if not file.rows:
        return Text("只有表头，没有一行数据", "a header and no rows")
    return Text("", "")


def advice(file: DeliveredFile) -> Iterator[Advice]:
    """The sentences below the table about one file: rows without effect, rows to mend, a void delivery, and statements that waited."""
    name = file.file
    if file.passed_over:
        passed = f"{file.passed_over:,}"
        text = Text(f"{name}：表尾（合计等）{passed} 行，未计。", f"{name}: {passed} footers (totals and the like) passed over.")
        yield Advice(text, urgent=False)
    if not file.repeated and (file.older or file.same):
        yield Advice(rows_without_effect(name, file), urgent=False)
    if bad := file.quarantined + file.unplaced:
        see = f"huimin feed quarantine {file.feed}"
        zh = f"{name}：{bad} 行未通过校验，已隔离；用 {see} 查看原因，请单位改正后再交付。"
        en = f"{name}: {bad} rows failed and were put aside; see {see} and ask the unit to mend them."
        yield Advice(Text(zh, en), urgent=True)
    if file.lacking:
        yield Advice(lacking(name, file.lacking, file.open_ends), urgent=True)
    if file.void:
        yield Advice(void(file), urgent=True)
    for waiting in file.statements:
        if waiting.standing in STATEMENTS:
            form, words = STATEMENTS[waiting.standing], {"id": waiting.statement, "file": name, "rows": f"{file.rows:,}"}
            yield Advice(Text(form.zh.format(**words), form.en.format(**words)), urgent=waiting.standing != "in_effect")


def void(file: DeliveredFile) -> Text:
    """The warning that too many rows of a file name no subject."""
    words = {"file": file.file, "unplaced": file.unplaced, "rows": file.rows, "allowed": share_words(file.max_unplaced)}
    return Text(VOID.zh.format(**words), VOID.en.format(**words))


def lacking(file: str, rows: Mapping[str, int], ends: Sequence[str]) -> Text:
    """The warning about keys that some rows of a JSON file lack; without the end of its validity, a record has no end."""
    open_ended = Text("，即没有止日", ", so without an end") if any(column in ends for column in rows) else Text("", "")
    zh = "、".join(f"{column} {count:,} 行{open_ended.zh if column in ends else ''}" for column, count in sorted(rows.items()))
    en = ", ".join(f"{column} in {count:,}{open_ended.en if column in ends else ''}" for column, count in sorted(rows.items()))
    return Text(
        f"{file}：有的行没有写这些键，按空格读：{zh}。请单位确认是本来就空，还是漏写。",
        f"{file}: some rows do not name these keys, which reads as empty: {en}. Ask the unit whether they are empty or were left out.",
    )


def rows_without_effect(file: str, rows: DeliveredFile | TopicDelivery) -> Text:
    """The sentence about rows without effect: the same as the records held, or older."""
    zh, en = [], []
    if rows.same:
        zh, en = [f"{rows.same:,} 行与已有的相同"], [f"{rows.same:,} rows say what is held already"]
    if rows.older:
        zh.append(f"{rows.older:,} 行比已有的旧，未采用")
        en.append(f"{rows.older:,} rows are older than what is held and do not count")
    return Text(f"{file}：{'；'.join(zh)}。", f"{file}: {'; '.join(en)}.")
