"""A contract's form becomes a ``policies.language.catalogue.Feed``, after the checks that need no other contract.

Called by ``connectors.contracts.catalogue``. The core relies on these checks: a register has cardinality one and places its subjects; a
to-one link comes from its owner's register. Source: docs/en/semantics.md section 1.
"""

from __future__ import annotations

from typing import Literal

from connectors.contracts.fields import field_of
from connectors.contracts.forms import DeliveryForm, FeedForm, IdentityForm, OrderForm
from connectors.contracts.layouts import layout_of
from connectors.contracts.reporting import Problems
from policies.language.catalogue import LINKS, Agreement, Feed, FeedBounds, Identity, Source
from policies.problems.problems import suggestion
from policies.values import KIND_WORDS, Kind, Period, Text
from policies.yaml.document import Path

RESIDENT_ID = "cn-resident-id"


def feed_of(form: FeedForm, problems: Problems) -> Feed:
    """The feed of a contract. Its problems are added to ``problems``; the feed is usable only where there are none."""
    subject = Kind(form.subject)
    for check in (_check_sources, _check_subject, _check_columns, _check_order, _check_division, _check_agreement):
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
        order=None if _by_delivery(form) else form.order.column,
        identify=_identify(form, problems),
        links={name: _identity(i, LINKS[name].target, ("links", name), problems) for name, i in form.links.items()},
        division=form.division,
        validity=(form.validity.first, form.validity.last) if form.validity else None,
        fields={name: field_of(name, f, form.cardinality, problems) for name, f in form.fields.items()},
        agreement=Agreement(tuple(form.agreement.purposes), tuple(form.agreement.discloses), form.agreement.until),
        holds=tuple(Text(t.zh, t.en) for t in form.holds),
        expected_every=d.expected_every,
        format=d.format,
        encoding=d.encoding,
        max_unplaced=d.max_unplaced,
        bounds=_bounds(d),
        order_type=order_type(form),
        open_ends=tuple(form.validity.open) if form.validity else (),
        layout=layout_of(d, problems),
    )


def _by_delivery(form: FeedForm) -> bool:
    return form.order == OrderForm(column="delivery")


def order_type(form: FeedForm) -> Literal["date", "time", "number"]:
    """The type of the order: as written, else that of the field with its column, else "time"."""
    if form.order.type is not None:
        return form.order.type
    types = {(f.column or name): f.type for name, f in form.fields.items()}
    match types.get(form.order.column):
        case "date":
            return "date"
        case "int":
            return "number"
        case _:
            return "time"


def _bounds(form: DeliveryForm) -> FeedBounds:
    """The bounds as written; without ``late_after`` a feed is late after twice its expected period."""
    late = form.bounds.late_after
    if late is None and (every := form.expected_every) is not None:
        late = Period(2 * every.months, 2 * every.days)
    return FeedBounds(form.bounds.shrinks_to, late, form.bounds.moves)


def _identify(form: FeedForm, problems: Problems) -> Identity:
    if list(form.identify) != [form.subject]:
        problems.add(
            "identify",
            ("identify",),
            f"应恰好说明{KIND_WORDS[Kind(form.subject)].zh}({form.subject})如何识别",
            f"must say how one {form.subject} is identified, no more",
        )
    i = form.identify.get(form.subject) or next(iter(form.identify.values()), IdentityForm(column="-", scheme="cn-resident-id"))
    return _identity(i, Kind(form.subject), ("identify", form.subject), problems)


def _identity(form: IdentityForm, kind: Kind, path: Path, problems: Problems) -> Identity:
    if form.scheme == RESIDENT_ID:
        if kind is not Kind.PERSON:
            problems.add("scheme", (*path, "scheme"), "居民身份号码只识别个人", "a resident's number identifies persons only")
        if form.space not in (None, RESIDENT_ID):
            problems.add(
                "space", (*path, "space"), "居民身份号码只有一个空间，请删去 space", "resident's numbers have one space; drop `space`"
            )
        return Identity(form.column, form.scheme, RESIDENT_ID)
    if form.space is None:
        problems.add(
            "space", path, "opaque 标识须写明 space(编号由谁发放)", "an opaque identifier needs its `space`: whose numbering it is"
        )
    return Identity(form.column, form.scheme, form.space or "")


def _check_sources(form: FeedForm, problems: Problems) -> None:
    units: set[str] = set()
    for i, source in enumerate(form.sources):
        if source.unit in units:
            problems.add("duplicate", ("sources", i, "unit"), f"来源单位“{source.unit}”重复", f"the source {source.unit!r} is there twice")
        units.add(source.unit)


def _check_subject(form: FeedForm, problems: Problems) -> None:
    if form.registers is not None:
        if form.registers != form.subject:
            problems.add("registers", ("registers",), "登记的对象应与 subject 相同", "a register registers its own `subject`")
        if form.cardinality != "one":
            problems.add("registers", ("cardinality",), "登记的 cardinality 应为 one", "a register has `cardinality: one`")
        if form.division is None:
            problems.add(
                "registers",
                ("registers",),
                "登记须以 division 指明所在区划字段",
                "a register needs `division`, the field that places its subjects",
            )
    for name in form.links:
        link = LINKS[name]
        if link.owner.value != form.subject:
            problems.add("links", ("links", name), f"“{name}”是{KIND_WORDS[link.owner].zh}的关系", f"{name!r} is a link of a {link.owner}")
        elif link.inverse == "" and form.cardinality != "many":
            problems.add(
                "links",
                ("links", name),
                f"“{name}”须由 cardinality: many 的数据源给出",
                f"{name!r} comes from a feed of `cardinality: many`",
            )
        elif link.inverse != "" and form.registers != link.owner.value:
            problems.add(
                "links",
                ("links", name),
                f"“{name}”须由{KIND_WORDS[link.owner].zh}的登记给出",
                f"{name!r} comes from the register of {link.owner}s",
            )


def _check_columns(form: FeedForm, problems: Problems) -> None:
    field_of_column: dict[str, str] = {}
    for name, f in form.fields.items():
        column = f.column or name
        if column in field_of_column:
            problems.add(
                "duplicate",
                ("fields", name),
                f"与字段“{field_of_column[column]}”同列“{column}”",
                f"reads the column {column!r} of the field {field_of_column[column]!r}",
            )
        field_of_column[column] = name
        if column == "deleted":
            problems.add(
                "reserved", ("fields", name), "“deleted”列只表示删除一行", "the column `deleted` only says that a row is a deletion"
            )
    if form.validity and form.validity.first == form.validity.last:
        problems.add("duplicate", ("validity", "to"), "validity 的 from 与 to 不得同列", "`from` and `to` must be two columns")


def _check_order(form: FeedForm, problems: Problems) -> None:
    """The order cannot be a number where the field of its column is a date, nor the other way round."""
    named = next((f for name, f in form.fields.items() if (f.column or name) == form.order.column), None)
    if named and form.order.type and (named.type, form.order.type == "number") in {("date", True), ("int", False)}:
        problems.add(
            "order",
            ("order", "type"),
            f"同列的字段是 {named.type}，order 的 type 不能是 {form.order.type}",
            f"the field of this column is of type {named.type}: `type: {form.order.type}` contradicts it",
        )


def _check_division(form: FeedForm, problems: Problems) -> None:
    if form.division is None:
        return
    named = form.fields.get(form.division)
    if named is None:
        near = suggestion(form.division, form.fields)
        problems.add("division", ("division",), f"没有字段“{form.division}”。{near.zh}", f"there is no field {form.division!r}.{near.en}")
    elif named.type != "division" or named.sensitivity == "identity":
        problems.add(
            "division", ("division",), f"字段“{form.division}”不是 division 类型", f"the field {form.division!r} is not of type division"
        )


def _check_agreement(form: FeedForm, problems: Problems) -> None:
    a = form.agreement
    for i, name in enumerate(a.discloses):
        if name not in form.fields:
            near = suggestion(name, form.fields)
            problems.add(
                "discloses", ("agreement", "discloses", i), f"没有字段“{name}”。{near.zh}", f"there is no field {name!r}.{near.en}"
            )
    lists: tuple[tuple[str, list[str]], ...] = (("purposes", a.purposes), ("discloses", a.discloses))
    for word, entries in lists:
        for i, name in enumerate(entries):
            if name in entries[:i]:
                problems.add("duplicate", ("agreement", word, i), f"“{name}”重复", f"{name!r} is there twice")
