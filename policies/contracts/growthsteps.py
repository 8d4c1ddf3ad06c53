"""The differences between the contracts that hold and others, each as a step: an ordinary one, or one that is refused.

A stored number, token or key means what its contract said when it came. A step that would give it another meaning says why that cannot be,
and the way out; every other step says what it adds. Called by ``streams.steps.catalogues``, ``connectors.contracts.in_effect`` and
``services.feeds.growth``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from policies.language.catalogue import Catalogue, Feed, Field, Identity
from policies.values import Text

Place: TypeAlias = tuple[str | int, ...]
"""Where in a contract: keys and positions from its top."""
NOTHING = Text("", "")


@dataclass(frozen=True, slots=True)
class GrowthStep:
    """One difference between the contract that holds and another one.

    Args:
        kind: ``adds`` for an ordinary step, ``narrows`` for one that depends on what is stored, ``rereads`` for one that is refused.
        text: what differs; of one that is refused, why.
        instead: the way out, where it is refused.
    """

    kind: Literal["adds", "narrows", "rereads"]
    feed: str
    place: Place
    text: Text
    instead: Text = NOTHING

    @property
    def whole(self) -> Text:
        """What differs and the way out, as sentences."""
        return Text(f"{self.text.zh}。{self.instead.zh}", f"{self.text.en}. {self.instead.en}")


def steps(old: Catalogue, new: Catalogue) -> list[GrowthStep]:
    """Every difference, feed by feed; those of units have the feed ""."""
    differences = [
        GrowthStep("rereads", "", ("units",), Text(f"单位 {unit} 不见了", f"the unit {unit} is gone"), _PUT_BACK)
        for unit in old.units
        if unit not in new.units
    ]
    added = sum(unit not in old.units for unit in new.units)
    if added:
        differences.append(GrowthStep("adds", "", ("units",), Text(f"增加 {added} 个单位", f"adds {_count(added, 'unit')}")))
    for name, feed in old.feeds.items():
        if name not in new.feeds:
            differences.append(GrowthStep("rereads", name, (), Text(f"数据源 {name} 不见了", f"the feed {name} is gone"), _PUT_BACK))
        else:
            differences += _feed_steps(feed, new.feeds[name])
    differences += [
        GrowthStep("adds", name, (), Text(f"增加数据源 {name}", f"adds the feed {name}")) for name in new.feeds if name not in old.feeds
    ]
    return differences


def narrower(old: Field, new: Field) -> bool:
    """Does a field allow less than it did, at either end?"""
    low = new.min is not None and (old.min is None or new.min > old.min)
    return low or (new.max is not None and (old.max is None or new.max < old.max))


def bounds(field: Field) -> tuple[int | None, int | None]:
    """Between what a field's values lie."""
    return field.min, field.max


def _feed_steps(old: Feed, new: Feed) -> Iterator[GrowthStep]:
    name = old.name
    for part, place, zh, en in _MEANING:
        if getattr(old, part) != getattr(new, part):
            yield GrowthStep(
                "rereads",
                name,
                place,
                Text(f"{zh}变了，已有的记录会变成另一个意思", f"{en} differs: records that are held would mean something else"),
                _NEW_FEED,
            )
    if old.order == new.order and old.order_type != new.order_type:
        zh = f"次序列 {old.order} 原是 {old.order_type}，现是 {new.order_type}，已有的记录比不出先后"
        en = f"the order {old.order} was a {old.order_type} and is a {new.order_type}: it would not compare with records that are held"
        as_it_was = f"order: {{column: {old.order}, type: {old.order_type}}}"
        yield GrowthStep(
            "rereads",
            name,
            ("order",),
            Text(zh, en),
            Text(f"请写明 {as_it_was}；要改，另建一个数据源。", f"Write {as_it_was}; to change it, make a new feed."),
        )
    if (old.validity is None) != (new.validity is None):
        zh, en = "有效期有无变了", "there is a validity now and was none, or the reverse"
        yield GrowthStep("rereads", name, ("validity",), Text(zh, en), _NEW_FEED)
    own = old.key == old.identify.column and new.key == new.identify.column
    if old.key != new.key and not own:
        zh, en = (
            f"记录号列由 {old.key} 改为 {new.key}，旧记录的号对不上",
            f"the key was {old.key} and is {new.key}: no record would be found again",
        )
        yield GrowthStep("rereads", name, ("key",), Text(zh, en), _SAME_HEADER)
    yield from _identity_steps(name, old.identify, new.identify, ("identify", old.subject.value))
    for link in {**old.links, **new.links}:
        if link not in old.links or link not in new.links:
            zh, en = f"关系 {link} 有无变了", f"the link {link} was there and is not, or the reverse"
            yield GrowthStep("rereads", name, ("links",), Text(zh, en), _NEW_FEED)
        else:
            yield from _identity_steps(name, old.links[link], new.links[link], ("links", link))
    yield from _source_steps(old, new)
    yield from _fields_steps(old, new)
    if new.holds != old.holds or new.title != old.title:
        yield GrowthStep("adds", name, ("title",), Text("改了名称", "another title"))
    if new.agreement != old.agreement:
        yield GrowthStep("adds", name, ("agreement",), Text("改了共享协议", "another agreement"))
    if old.validity is not None and new.validity is not None and old.validity != new.validity:
        yield GrowthStep("adds", name, ("validity",), Text("有效期的列名变了", "other headers of the validity"))
    if any(getattr(old, part) != getattr(new, part) for part in _DELIVERY):
        yield GrowthStep("adds", name, ("delivery",), Text("改了交付方式或界限", "other ways or bounds of delivery"))


def _identity_steps(feed: str, old: Identity, new: Identity, place: Place) -> Iterator[GrowthStep]:
    if (old.scheme, old.space) != (new.scheme, new.space):
        zh, en = f"编号由 {old.space} 改为 {new.space}", f"the numbering was {old.space} and is {new.space}"
        yield GrowthStep("rereads", feed, place, Text(zh, en), _NEW_FEED)
    elif old.column != new.column:
        yield GrowthStep("adds", feed, (*place, "column"), Text(f"列名改为 {new.column}", f"the column is called {new.column}"))


def _source_steps(old: Feed, new: Feed) -> Iterator[GrowthStep]:
    for position, (old_source, new_source) in enumerate(zip(old.sources, new.sources, strict=False)):
        if old_source != new_source:
            zh, en = (
                f"第 {position + 1} 个来源不再是 {old_source.unit}（{old_source.division}）",
                f"source {position + 1} is not {old_source.unit} ({old_source.division}) any more",
            )
            yield GrowthStep("rereads", old.name, ("sources", position), Text(zh, en), _SOURCES)
            return
    if len(new.sources) < len(old.sources):
        yield GrowthStep("rereads", old.name, ("sources",), Text("少了来源", "a source is gone"), _SOURCES)
    for position, source in enumerate(new.sources[len(old.sources) :], len(old.sources)):
        zh, en = f"增加来源 {source.unit}", f"adds the source {source.unit}"
        yield GrowthStep("adds", old.name, ("sources", position), Text(zh, en))


def _fields_steps(old: Feed, new: Feed) -> Iterator[GrowthStep]:
    name_of_column = {field.column: field.name for field in old.fields.values()}
    for name, field in old.fields.items():
        other = new.fields.get(name)
        if other is None:
            yield GrowthStep("rereads", old.name, ("fields",), Text(f"字段 {name} 不见了", f"the field {name} is gone"), _EMPTY_COLUMN)
        elif field != other:
            yield from _field_steps(old.name, field, other)
            if name_of_column.get(other.column, name) != name:
                whose, place = name_of_column[other.column], ("fields", name, "column")
                zh, en = f"字段 {name} 改用了 {whose} 的列", f"the field {name} reads the column that was {whose}'s"
                yield GrowthStep("rereads", old.name, place, Text(zh, en), NEW_FIELD)
    added = [name for name in new.fields if name not in old.fields]
    for name in added:
        yield GrowthStep(
            "adds",
            old.name,
            ("fields", name),
            Text(f"增加字段 {name}，已有的记录此格为空", f"adds the field {name}, an empty cell in records that are held"),
        )


def _field_steps(feed: str, old: Field, new: Field) -> Iterator[GrowthStep]:
    place: Place = ("fields", old.name)
    others = [(zh, en) for part, zh, en in _FIELD_MEANING if getattr(old, part) != getattr(new, part)]
    for zh, en in others:
        zh, en = (
            f"字段 {old.name} 的{zh}变了，已存的值会变成另一个意思",
            f"{en} of the field {old.name} differs: values that are held would mean something else",
        )
        yield GrowthStep("rereads", feed, place, Text(zh, en), NEW_FIELD)
    if others:
        return
    if _absent(old) != _absent(new):
        zh, en = (
            f"字段 {old.name} 的 no_record 变了，没有记录的人会另有取值",
            f"`no_record` of {old.name} differs: who has no record would read otherwise",
        )
        yield GrowthStep("rereads", feed, (*place, "no_record"), Text(zh, en), NEW_FIELD)
    yield from _value_steps(feed, old, new, place)
    if narrower(old, new):
        zh, en = f"字段 {old.name} 的界限收窄了", f"the bounds of the field {old.name} are narrower"
        yield GrowthStep("narrows", feed, place, Text(zh, en))
    elif bounds(old) != bounds(new):
        yield GrowthStep("adds", feed, place, Text(f"字段 {old.name} 的界限放宽了", f"the bounds of the field {old.name} are wider"))
    if old.column != new.column:
        yield GrowthStep(
            "adds",
            feed,
            (*place, "column"),
            Text(f"字段 {old.name} 的列名改为 {new.column}", f"the column of {old.name} is called {new.column}"),
        )
    if (old.quasi, old.coded) != (new.quasi, new.coded):
        zh, en = f"字段 {old.name} 在快照中另有处理", f"snapshots treat the field {old.name} otherwise"
        yield GrowthStep("adds", feed, place, Text(zh, en))
    if old.title != new.title:
        yield GrowthStep("adds", feed, (*place, "title"), Text(f"字段 {old.name} 改了名称", f"the field {old.name} has another title"))


def _value_steps(feed: str, old: Field, new: Field, place: Place) -> Iterator[GrowthStep]:
    place, old_meanings = (*place, "values"), _meanings(old)
    for code in old.codes:
        if code not in new.codes:
            zh, en = f"字段 {old.name} 的值 {code} 不见了", f"the value {code} of the field {old.name} is gone"
            yield GrowthStep("rereads", feed, place, Text(zh, en), _PUT_BACK)
    for word, code in _meanings(new).items():
        if old_meanings.get(word, code) != code:
            zh, en = (
                f"字段 {old.name} 的“{word}”原指 {old_meanings[word]}，现指 {code}",
                f"{word!r} of the field {old.name} meant {old_meanings[word]} and means {code}",
            )
            yield GrowthStep("rereads", feed, (*place, code), Text(zh, en), NEW_FIELD)
    if added := [code for code in new.codes if code not in old.codes]:
        listed = ", ".join(added)
        yield GrowthStep("adds", feed, place, Text(f"字段 {old.name} 增加值 {listed}", f"adds {listed} to the values of {old.name}"))
    if any(old_meanings.get(word) != code for word, code in _meanings(new).items() if code in old.codes):
        yield GrowthStep("adds", feed, place, Text(f"字段 {old.name} 的值另有写法", f"values of {old.name} are written otherwise, too"))
    if dict(old.titles_en) != dict(new.titles_en):
        zh, en = f"字段 {old.name} 的值改了英文名称", f"values of {old.name} have other English titles"
        yield GrowthStep("adds", feed, place, Text(zh, en))


def _absent(field: Field) -> int | str | None:
    """``no_record`` so that it can be compared: an enum's position is not its meaning."""
    return field.codes[field.no_record] if field.values and field.no_record is not None else field.no_record


def _meanings(field: Field) -> Mapping[str, str]:
    """What a cell may hold, and the code it means."""
    return {**{word: code for code, label in field.values for word in (code, label)}, **dict(field.synonyms)}


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


_MEANING: tuple[tuple[str, Place, str, str], ...] = (
    ("subject", ("subject",), "对象的种类", "the kind of subject"),
    ("registers", ("registers",), "登记的对象", "what it registers"),
    ("many", ("cardinality",), "cardinality", "the cardinality"),
    ("order", ("order",), "次序列", "the order"),
    ("division", ("division",), "落位的区划字段", "the field that places its subjects"),
)
_FIELD_MEANING = (
    ("type", "类型", "the type"),
    ("scale", "小数位数", "the scale"),
    ("unit", "计量单位", "the unit"),
    ("identity", "sensitivity", "the sensitivity"),
)
_OTHER_PARTS = ("name", "title", "order_type", "sources", "key", "identify", "links", "validity", "fields", "agreement", "holds")
_DELIVERY = tuple(part.name for part in dataclasses.fields(Feed) if part.name not in {*_OTHER_PARTS, *(name for name, *_ in _MEANING)})
"""All other parts: how files come and are read. They concern only what is still to come."""
_NEW_FEED = Text("请恢复原样；要改，另建一个数据源，重新交付。", "Put it back; to change it, make a new feed and deliver it anew.")
NEW_FIELD = Text("请恢复原样；要改，另起字段名，重新交付。", "Put it back; to change it, give the field a new name and deliver it anew.")
_SAME_HEADER = Text(
    "请恢复原样，由单位沿用原来的列名；要换记录号，另建一个数据源。",
    "Put it back and let the unit keep its header; for other keys make a new feed.",
)
_SOURCES = Text("来源只能在末尾增加；请恢复原样，或另建一个数据源。", "Sources are only added at the end: put it back, or make a new feed.")
_PUT_BACK = Text(
    "已有的记录和政策靠它解读，请恢复；不再用的，留着不交付即可。",
    "Records and policies are read by it: put it back; what is no longer used may stay and be delivered no more.",
)
_EMPTY_COLUMN = Text(
    "已有的记录和政策靠它解读，请恢复；不再用的也留着，文件里仍要有这一列，留空即可。",
    "Records and policies are read by it: put it back; one no longer used stays, too, and files keep its column, which may be empty.",
)
"""A file that lacks a field's column is refused: a field that is delivered no more still has its header."""
