"""A small network for the tests of the checker, built from dataclasses alone.

It holds what each problem needs (a field twice, an identity, an agreement that ended, an unbounded number), and no more.
"""

from __future__ import annotations

from datetime import date

from policies.language.catalogue import (
    Agreement,
    Catalogue,
    Feed,
    Field,
    FieldType,
    Identity,
    Source,
    Unit,
)
from policies.values import Kind, Text

ALL_PURPOSES = ("assistance", "inspection")


def network(without: tuple[str, ...] = ()) -> Catalogue:
    """The catalogue, ``without`` some of its feeds."""
    unit = Unit("putuo-civil-affairs", "cooperating", "310107", Text("民政局", "civil affairs"))
    return Catalogue({unit.id: unit}, {feed.name: feed for feed in _feeds() if feed.name not in without})


def _feeds() -> list[Feed]:
    sex = _field("sex", FieldType.ENUM, values=(("male", "男"), ("female", "女")))
    layout = _field("layout", FieldType.ENUM, values=(("one_room", "一室"), ("two_room", "二室"), ("three_room", "三室")))
    return [
        _feed("hukou", Kind.PERSON, [_field("birth_date", FieldType.DATE), sex, _field("division", FieldType.DIVISION),
              _field("name", FieldType.TEXT, identity=True), _field("street", FieldType.TEXT), _field("children", FieldType.INT)],
              registers=Kind.PERSON, links=("household",)),
        _feed("disability", Kind.PERSON, [_field("grade", FieldType.INT, min=1, max=4), _field("division", FieldType.DIVISION)]),
        _feed("income", Kind.PERSON, [_money("monthly_income", no_record=0)]),
        _feed("pension", Kind.PERSON, [_money("amount"), _field("paid_since", FieldType.DATE), _field("scheme", FieldType.TEXT)], many=True),
        _feed("occupancy", Kind.PERSON, [_field("relation", FieldType.ENUM, values=(("kin", "亲属"), ("unrelated", "非亲属")))], many=True,
              links=("lives_at",)),
        _feed("old_roll", Kind.PERSON, [_field("since", FieldType.DATE)], until=date(2020, 1, 1)),
        _feed("ending_roll", Kind.PERSON, [_field("ending_since", FieldType.DATE)], until=date(2026, 6, 30)),
        _feed("tax", Kind.PERSON, [_money("taxed")], purposes=("taxation",), discloses=()),
        _feed("household", Kind.HOUSEHOLD, [_field("size", FieldType.INT, unit="person", min=1, max=99), _field("division", FieldType.DIVISION)],
              registers=Kind.HOUSEHOLD, links=("registered_at",)),
        _feed("dwelling", Kind.DWELLING, [layout, _field("area", FieldType.DECIMAL, unit="m2", scale=2, min=0, max=999900),
              _field("division", FieldType.DIVISION)], registers=Kind.DWELLING),
        _feed("relocation", Kind.DWELLING, [_field("line", FieldType.TEXT), _field("notice_date", FieldType.DATE)], many=True),
    ]  # fmt: skip


def _money(name: str, no_record: int | None = None) -> Field:
    return _field(name, FieldType.DECIMAL, unit="CNY/month", scale=2, min=0, max=999999999, no_record=no_record)


def _field(
    name: str, type: FieldType, *, unit: str | None = None, scale: int = 0, min: int | None = None, max: int | None = None,
    values: tuple[tuple[str, str], ...] = (), no_record: int | None = None, identity: bool = False,
) -> Field:  # fmt: skip
    return Field(name, type, Text(name, name), name, unit, scale, min, max, values, no_record, identity)


def _feed(
    name: str, subject: Kind, fields: list[Field], *, many: bool = False, registers: Kind | None = None, links: tuple[str, ...] = (),
    until: date | None = None, purposes: tuple[str, ...] = ALL_PURPOSES, discloses: tuple[str, ...] | None = None,
) -> Feed:  # fmt: skip
    identity = Identity("id", "opaque", name)
    allowed = tuple(field.name for field in fields if field.name != "street") if discloses is None else discloses
    return Feed(
        name, Text(name, name), (Source("putuo-civil-affairs", "310107"),), subject, registers, many, "id", None, identity,
        {link: Identity(link, "opaque", link) for link in links}, "division" if registers else None, None,
        {field.name: field for field in fields}, Agreement(purposes, allowed, until),
    )  # fmt: skip
