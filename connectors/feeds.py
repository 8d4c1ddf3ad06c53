"""One contract's form becomes a ``policies.catalogue.Feed``, with the checks one contract can make alone.

The one idea: bounds and ``no_record`` are *encoded* here, once and exactly: dates as days, decimals as scaled integers, enum
codes as their position. Whatever cannot be encoded exactly is a problem of the contract, never rounded.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from connectors.faults import Problems
from connectors.forms import FeedForm, FieldForm, IdentityForm
from policies.catalogue import LINKS, Agreement, Feed, Field, FieldType, Identity, Source
from policies.document import Path
from policies.problems import meant
from policies.values import Kind, Text

RESIDENT_ID = "cn-resident-id"
KIND_TEXT = {Kind.PERSON: Text("个人", "person"), Kind.HOUSEHOLD: Text("家庭", "household"), Kind.DWELLING: Text("住房", "dwelling")}
_EPOCH = date(1970, 1, 1)
_LARGEST = 2**62
_ORDERED = {"int", "decimal", "date"}


def feed_of(form: FeedForm, problems: Problems) -> Feed:
    """The feed a contract describes. Problems are added; the feed is only good where there are none."""
    subject = Kind(form.subject)
    for check in (_check_sources, _check_subject, _check_columns, _check_division, _check_agreement):
        check(form, problems)
    d = form.delivery
    return Feed(
        name=form.feed,
        title=Text(form.title.zh, form.title.en),
        sources=tuple(Source(s.unit, s.division) for s in form.sources),
        subject=subject,
        registers=Kind(form.registers) if form.registers else None,
        many=form.cardinality == "many",
        key=form.key,
        order=None if form.order == "delivery" else form.order,
        identify=_identify(form, problems),
        links={name: _identity(i, LINKS[name].target, ("links", name), problems) for name, i in form.links.items()},
        division=form.division,
        validity=(form.validity.first, form.validity.last) if form.validity else None,
        fields={name: _field(name, f, form.cardinality, problems) for name, f in form.fields.items()},
        agreement=Agreement(tuple(form.agreement.purposes), tuple(form.agreement.discloses), form.agreement.until),
        holds=tuple(Text(t.zh, t.en) for t in form.holds),
        expected_every=d.expected_every,
        format=d.format,
        encoding=d.encoding,
        max_unplaced=d.max_unplaced,
    )


def _identify(form: FeedForm, problems: Problems) -> Identity:
    if list(form.identify) != [form.subject]:
        problems.add("identify", ("identify",), f"应恰好说明{KIND_TEXT[Kind(form.subject)].zh}({form.subject})如何识别", f"must say how one {form.subject} is identified, no more")
    i = form.identify.get(form.subject) or next(iter(form.identify.values()), IdentityForm(column="-", scheme="cn-resident-id"))
    return _identity(i, Kind(form.subject), ("identify", form.subject), problems)


def _identity(form: IdentityForm, kind: Kind, path: Path, problems: Problems) -> Identity:
    if form.scheme == RESIDENT_ID:
        if kind is not Kind.PERSON:
            problems.add("scheme", (*path, "scheme"), "居民身份号码只识别个人", "a resident's number identifies persons only")
        if form.space not in (None, RESIDENT_ID):
            problems.add("space", (*path, "space"), "居民身份号码只有一个空间,请删去 space", "resident's numbers have one space; drop `space`")
        return Identity(form.column, form.scheme, RESIDENT_ID)
    if form.space is None:
        problems.add("space", path, "opaque 标识须写明 space(编号由谁发放)", "an opaque identifier needs its `space`: whose numbering it is")
    return Identity(form.column, form.scheme, form.space or "")


def _field(name: str, form: FieldForm, cardinality: str, problems: Problems) -> Field:
    path: Path = ("fields", name)
    scale = form.scale or 0
    if form.type == "decimal" and form.scale is None:
        problems.add("scale", path, "decimal 须写明 scale(小数位数)", "a decimal needs its `scale`, the digits after the point")
    if form.type != "decimal" and form.scale is not None:
        problems.add("scale", (*path, "scale"), "只有 decimal 才有 scale", "only a decimal has a `scale`")
    if (form.type == "enum") != (form.values is not None):
        problems.add("values", path, "enum 须有 values,其他类型不得有", "an enum needs `values`, and no other type has them")
    values = tuple((form.values or {}).items())
    _check_values(values, path, problems)
    if form.type not in _ORDERED and (form.min is not None or form.max is not None):
        problems.add("bounds", path, "只有 int、decimal、date 才有 min、max", "only int, decimal and date have `min` and `max`")
    low, high = (_encoded(bound, form.type, scale, (*path, word), problems) for bound, word in ((form.min, "min"), (form.max, "max")))
    if low is not None and high is not None and low > high:
        problems.add("bounds", (*path, "min"), "min 大于 max", "`min` is above `max`")
    absent = _no_record(form, values, scale, cardinality, path, problems)
    if absent is not None and (low is not None and absent < low or high is not None and absent > high):
        problems.add("no_record", (*path, "no_record"), "no_record 不在 min 与 max 之间", "`no_record` is outside `min` and `max`")
    return Field(
        name, FieldType(form.type), Text(form.title.zh, form.title.en), form.column or name, form.unit, scale,
        low, high, values, absent, form.sensitivity == "identity",
    )  # fmt: skip


def _check_values(values: tuple[tuple[str, str], ...], path: Path, problems: Problems) -> None:
    """A cell may hold the code or the label, so no text may mean two values."""
    meaning: dict[str, str] = {}
    for code, label in values:
        for text in {code, label}:
            if meaning.setdefault(text, code) != code:
                problems.add("values", (*path, "values", code), f"“{text}”指两个值", f"{text!r} stands for two values")


def _no_record(form: FieldForm, values: tuple[tuple[str, str], ...], scale: int, cardinality: str, path: Path, problems: Problems) -> int | None:
    if form.no_record is None:
        return None
    where = (*path, "no_record")
    if cardinality == "many":
        problems.add("no_record", where, "只有 cardinality: one 的数据源可用 no_record", "`no_record` belongs to a feed of `cardinality: one`")
    if form.sensitivity or form.type in ("text", "division"):
        problems.add("no_record", where, "文字、区划和身份字段没有 no_record", "text, divisions and identity fields have no `no_record`")
        return None
    if form.type == "enum":
        position = next((i for i, both in enumerate(values) if str(form.no_record) in both), None)
        if position is None:
            near = meant(str(form.no_record), [code for code, _ in values])
            problems.add("no_record", where, f"不是 values 中的值。{near.zh}", f"not one of `values`.{near.en}")
        return position
    return _encoded(form.no_record, form.type, scale, where, problems)


def _encoded(value: Decimal | date | str | None, kind: str, scale: int, path: Path, problems: Problems) -> int | None:
    """A number or date as the integer the matrix holds; None where there is none, or it has no exact one."""
    if value is None or kind not in _ORDERED:
        return None
    if kind == "date":
        if isinstance(value, date):
            return (value - _EPOCH).days
        problems.add("bounds", path, "应为日期,例如 2026-10-01", "expected a date such as 2026-10-01")
        return None
    if not isinstance(value, Decimal):
        problems.add("bounds", path, "应为数,例如 12.50", "expected a number such as 12.50")
        return None
    scaled = value.scaleb(scale if kind == "decimal" else 0)
    if scaled != int(scaled):
        problems.add("bounds", path, f"小数位数超过 {scale}", f"more than {scale} digits after the point")
        return None
    if abs(scaled) >= _LARGEST:
        problems.add("bounds", path, "数太大", "too large a number")
        return None
    return int(scaled)


def _check_sources(form: FeedForm, problems: Problems) -> None:
    seen: set[str] = set()
    for i, source in enumerate(form.sources):
        if source.unit in seen:
            problems.add("duplicate", ("sources", i, "unit"), f"来源单位“{source.unit}”重复", f"the source {source.unit!r} is there twice")
        seen.add(source.unit)


def _check_subject(form: FeedForm, problems: Problems) -> None:
    if form.registers is not None:
        if form.registers != form.subject:
            problems.add("registers", ("registers",), "登记的对象应与 subject 相同", "a register registers its own `subject`")
        if form.cardinality != "one":
            problems.add("registers", ("cardinality",), "登记的 cardinality 应为 one", "a register has `cardinality: one`")
        if form.division is None:
            problems.add("registers", ("registers",), "登记须以 division 指明所在区划字段", "a register needs `division`, the field that places its subjects")
    for name in form.links:
        link = LINKS[name]
        if link.owner.value != form.subject:
            problems.add("links", ("links", name), f"“{name}”是{KIND_TEXT[link.owner].zh}的关系", f"{name!r} is a link of a {link.owner}")
        elif link.inverse == "" and form.cardinality != "many":
            problems.add("links", ("links", name), f"“{name}”须由 cardinality: many 的数据源给出", f"{name!r} comes from a feed of `cardinality: many`")
        elif link.inverse != "" and form.registers != link.owner.value:
            problems.add("links", ("links", name), f"“{name}”须由{KIND_TEXT[link.owner].zh}的登记给出", f"{name!r} comes from the register of {link.owner}s")


def _check_columns(form: FeedForm, problems: Problems) -> None:
    seen: dict[str, str] = {}
    for name, f in form.fields.items():
        column = f.column or name
        if column in seen:
            problems.add("duplicate", ("fields", name), f"与字段“{seen[column]}”同列“{column}”", f"reads the column {column!r} of the field {seen[column]!r}")
        seen[column] = name
        if column == "deleted":
            problems.add("reserved", ("fields", name), "“deleted”列只表示删除一行", "the column `deleted` only says that a row is a deletion")
    if form.validity and form.validity.first == form.validity.last:
        problems.add("duplicate", ("validity", "to"), "validity 的 from 与 to 不得同列", "`from` and `to` must be two columns")


def _check_division(form: FeedForm, problems: Problems) -> None:
    if form.division is None:
        return
    named = form.fields.get(form.division)
    if named is None:
        near = meant(form.division, form.fields)
        problems.add("division", ("division",), f"没有字段“{form.division}”。{near.zh}", f"there is no field {form.division!r}.{near.en}")
    elif named.type != "division" or named.sensitivity:
        problems.add("division", ("division",), f"字段“{form.division}”不是 division 类型", f"the field {form.division!r} is not of type division")


def _check_agreement(form: FeedForm, problems: Problems) -> None:
    a = form.agreement
    for i, name in enumerate(a.discloses):
        if name not in form.fields:
            near = meant(name, form.fields)
            problems.add("discloses", ("agreement", "discloses", i), f"没有字段“{name}”。{near.zh}", f"there is no field {name!r}.{near.en}")
    lists: tuple[tuple[str, list[str]], ...] = (("purposes", a.purposes), ("discloses", a.discloses))
    for word, entries in lists:
        for i, name in enumerate(entries):
            if name in entries[:i]:
                problems.add("duplicate", ("agreement", word, i), f"“{name}”重复", f"{name!r} is there twice")
