"""Units and contracts: what is read, and what is refused and where."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # its stubs are a package of their own
import pytest

from connectors.contracts.catalogue import build_catalogue, load_contract, load_units, read_catalogue
from connectors.contracts.schema import coverage_schema, feed_schema, units_schema
from policies.contracts.growthsteps import steps
from policies.language.catalogue import FeedBounds
from policies.problems.problems import Invalid
from policies.values import Kind, Period, Text
from policies.yaml.document import load
from tests.connectors.samples import CONTRACTS, HUKOU, INSURANCE, UNITS, catalogue

END = "until: 2027-12-31}\n"
LIBRARY = Path(__file__).parents[3] / "policies" / "library"


def problems_of(units: str = UNITS, **changed: str) -> dict[str, str]:
    """By path, the English text of every problem of a changed network."""
    with pytest.raises(Invalid) as raised:
        read_catalogue(units, {**CONTRACTS, **{f"{name}.yaml": text for name, text in changed.items()}})
    assert all(p.text.zh and p.text.en and p.line >= 1 for p in raised.value.problems)
    return {p.path: p.text.en for p in raised.value.problems}


def test_the_shipped_contracts_make_a_catalogue() -> None:
    """Every contract of the library is read, and agrees with the others."""
    contracts = {path.name: path.read_text("utf-8") for path in sorted((LIBRARY / "feeds").glob("*.yaml"))}

    network_catalogue = read_catalogue((LIBRARY / "units.yaml").read_text("utf-8"), contracts)

    assert len(network_catalogue.feeds) == len(contracts)
    assert network_catalogue.register(Kind.PERSON) is network_catalogue.feeds["hukou"]


def test_bounds_and_no_record_are_encoded_exactly() -> None:
    """A decimal's bounds are scaled integers; ``order: delivery`` is no column; a column defaults to the field's name."""
    text = INSURANCE.replace("cardinality: many", "cardinality: one").replace("max: 9999.99", "max: 9999.99, no_record: 0.5")

    feed = load_contract(text, "insurance.yaml")

    field = feed.fields["paid"]
    assert (field.min, field.max, field.no_record, field.column) == (0, 999999, 50, "paid")
    assert feed.validity == ("valid_from", "valid_to") and feed.agreement.until == date(2027, 12, 31)
    assert catalogue().feeds["household"].order is None


def test_units_name_divisions() -> None:
    """What units.yaml calls a place comes before the shipped name; a name needs the code of a division."""
    with_names = UNITS.replace("units:", 'divisions: {"310107020": {zh: 宜川, en: Yichuan}, "3201": {zh: 南京市, en: Nanjing}}\nunits:', 1)
    shipped, own = read_catalogue(UNITS, CONTRACTS).divisions, read_catalogue(with_names, CONTRACTS).divisions

    assert shipped["310107020"] == Text("宜川路", "Yichuan Road") and "3201" not in shipped
    assert own == {**shipped, "310107020": Text("宜川", "Yichuan"), "3201": Text("南京市", "Nanjing")}
    assert problems_of(units=with_names.replace('"3201"', '"32010"')).keys() == {"divisions.32010"}


def test_an_enums_no_record_may_be_its_label() -> None:
    """Code and label stand for the same position."""
    text = HUKOU.replace("女}, title", "女}, no_record: 女, title")

    assert load_contract(text, "hukou.yaml").fields["sex"].no_record == 1


@pytest.mark.parametrize(
    ("old", "new", "path", "words"),
    [
        ("cardinality: one", "cardinalty: one", "cardinalty", "Did you mean cardinality"),
        ('division: "310107"', "division: 310107", "sources[0].division", "quotes"),
        ('division: "310107"', 'division: "3101"', "", ""),
        ('division: "310107"', 'division: "000000"', "sources[0].division", "not beginning with 00"),
        ('division: "310107"', 'division: "31010"', "sources[0].division", "2, 4, 6, 9 or 12"),
        ("unit: psb", "unit: pbs", "sources[0].unit", "Did you mean psb"),
        ("registers: person", "registers: household", "registers", "its own"),
        ("registers: person\n", "", "links.household", "register"),
        ("scheme: cn-resident-id", "scheme: cn-resident-id, space: x", "identify.person.space", "one space"),
        ("scheme: opaque, space: psb/household", "scheme: opaque", "links.household", "space"),
        ("space: psb/household", "space: psb/households", "links.household", "never match"),
        ("division: division\n", "division: sex\n", "division", "not of type division"),
        ("division: division\n", "division: divisio\n", "division", "Did you mean division"),
        ("type: date,", "type: date, min: 5,", "fields.birth_date.min", "a date"),
        ("女}", "男}", "fields.sex.values.female", "two values"),
        ("type: enum, values: {male: 男, female: 女}", "type: enum", "fields.sex", "values"),
        ("discloses: [name", "discloses: [nam", "agreement.discloses[0]", "Did you mean name"),
        ("discloses: [name,", "discloses: [name, name,", "agreement.discloses[1]", "twice"),
        ("column: 出生日期", "column: sex", "fields.sex", "reads the column"),
        ("column: 出生日期", "column: deleted", "fields.birth_date", "deletion"),
        ("links: {household", "links: {lives_at", "links.lives_at", "many"),
        ("until: 2027-12-31", "until: soon", "agreement.until", "2026-10-01"),
        (END, f"{END}delivery: {{bounds: {{moves: 2}}}}\n", "delivery.bounds.moves", "between 0 and 1"),
        (END, f"{END}delivery: {{bounds: {{shrinks_to: '0.8'}}}}\n", "delivery.bounds.shrinks_to", "between 0 and 1"),
        (END, f"{END}delivery: {{bounds: {{late_after: 60 days}}}}\n", "delivery.bounds.late_after", "Write P60D"),
        (END, f"{END}delivery: {{bounds: {{shrink_to: 0.8}}}}\n", "delivery.bounds.shrink_to", "Did you mean shrinks_to"),
        (END, f"{END}delivery: {{bounds: 0.8}}\n", "delivery.bounds", "a mapping"),
        ("format: 1", "format: 2", "format", "expected one of: 1"),
        (
            "  sex: {type: enum,",
            "  title: {type: enumm, title: {zh: 题, en: title}}\n  sex: {type: enum,",
            "fields.title.type",
            "enum, int",
        ),
    ],
)
def test_a_fault_is_named_where_it_stands(old: str, new: str, path: str, words: str) -> None:
    """Each mistake in the register's contract is reported at its place, with what was expected."""
    assert old in HUKOU
    if not path:
        read_catalogue(UNITS, {**CONTRACTS, "hukou.yaml": HUKOU.replace(old, new, 1)})
        return

    problems = problems_of(hukou=HUKOU.replace(old, new, 1))

    assert words in problems[path], problems


@pytest.mark.parametrize(
    ("delivery", "expected"),
    [
        ("", FeedBounds(Fraction(4, 5), None, Fraction(1, 10))),
        ("delivery: {expected_every: P1M}", FeedBounds(late_after=Period(2))),
        ("delivery: {expected_every: P1Y1M3D}", FeedBounds(late_after=Period(26, 6))),
        ("delivery: {expected_every: P1M, bounds: {late_after: P40D}}", FeedBounds(late_after=Period(0, 40))),
        ("delivery: {bounds: {shrinks_to: 1, moves: 0}}", FeedBounds(Fraction(1), None, Fraction(0))),
    ],
)
def test_a_feed_has_bounds_also_where_its_contract_says_none(delivery: str, expected: FeedBounds) -> None:
    """It is late after twice the time it takes, unless the contract says otherwise; never where no time is known."""
    assert load_contract(HUKOU + delivery, "hukou.yaml").bounds == expected


def test_a_wrong_bound_is_told_with_line_and_column_in_both_languages() -> None:
    """Each at its own place."""
    with pytest.raises(Invalid) as raised:
        load_contract(f"{HUKOU}delivery:\n  bounds: {{moves: 1.5,\n    late_after: soon}}\n", "hukou.yaml")

    last = HUKOU.count("\n")
    assert [(p.path, p.line, p.column) for p in raised.value.problems] == [
        ("delivery.bounds.moves", last + 2, 19), ("delivery.bounds.late_after", last + 3, 17),
    ]  # fmt: skip
    assert [p.text.zh[:6] for p in raised.value.problems] == ["应为 0 到", "不是期间；应"]


def test_all_problems_of_all_documents_come_at_once() -> None:
    """A broken unit, a broken bound and a second register are told in one error."""
    units = UNITS.replace("kind: member", "kind: guest")
    hukou = HUKOU.replace("type: date", "type: dat").replace("[name,", "[nam,")
    insurance = INSURANCE.replace("scale: 2, min: 0,", "scale: 2, min: 0.001,")

    problems = problems_of(units, hukou=hukou, insurance=insurance)

    assert set(problems) >= {"units[0].kind", "fields.birth_date.type", "fields.paid.min"}


def test_two_registers_of_one_kind_and_two_feeds_of_one_name_are_refused() -> None:
    """A kind of subject has one register; a feed one contract."""
    second = HUKOU.replace("feed: hukou", "feed: second")

    problems = problems_of(second=second, twin=INSURANCE)

    assert "already" in problems["registers"] and "already" in problems["links.household"] and "twice" in problems["feed"]


def test_a_missing_unit_is_found_also_without_documents() -> None:
    """Feeds built elsewhere are checked too; their problems stand at the start of a file of their name."""
    units, feed = load_units(UNITS), load_contract(HUKOU.replace("unit: psb", "unit: nobody"), "hukou.yaml")

    with pytest.raises(Invalid) as raised:
        build_catalogue(units, [feed])

    assert {p.file for p in raised.value.problems} == {"hukou.yaml"}


def as_json(data: Any) -> Any:
    """A document's data as JSON has it."""
    if isinstance(data, dict):
        return {key: as_json(value) for key, value in data.items()}
    if isinstance(data, list):
        return [as_json(value) for value in data]
    return data.isoformat() if isinstance(data, date) else float(data) if isinstance(data, Decimal) else data


def test_the_schemas_take_what_the_reader_takes() -> None:
    """Every shipped document is valid under its JSON Schema; an unknown key is not."""
    feeds = jsonschema.Draft202012Validator(feed_schema())
    for path in sorted((LIBRARY / "feeds").glob("*.yaml")):
        feeds.validate(as_json(load(path.read_text("utf-8"), path.name).data))
    jsonschema.Draft202012Validator(units_schema()).validate(as_json(load(UNITS, "units.yaml").data))
    jsonschema.Draft202012Validator(coverage_schema()).validate({"format": 1, "statement": "c1", "withdrawn": True})

    with pytest.raises(jsonschema.ValidationError):
        feeds.validate({**as_json(load(HUKOU, "hukou.yaml").data), "colour": "red"})


def test_values_have_english_titles() -> None:
    """A value is a label, a list with synonyms, or both languages; without an English title it is told by its label."""
    field = load_contract(HUKOU.replace("{male: 男, female: 女}", "{male: {zh: [男, 男性], en: man}, female: 女}"), "hukou.yaml").fields[
        "sex"
    ]

    assert field.values == (("male", "男"), ("female", "女")) and field.synonyms == (("男性", "male"),)
    assert field.titles_en == (("male", "man"),)
    assert [field.value_title("male", language) for language in ("zh", "en")] == ["男", "man"]
    assert [field.value_title("female", language) for language in ("zh", "en")] == ["女", "女"]


@pytest.mark.parametrize(
    ("values", "place", "zh", "en"),
    [
        ("{male: {zh: 男}, female: 女}", "fields.sex.values.male.en", "缺少“en”", "'en' is missing"),
        ("{male: {en: man}, female: 女}", "fields.sex.values.male.zh", "缺少“zh”", "'zh' is missing"),
        ("{male: {zh: 男, eng: man}, female: 女}", "fields.sex.values.male.eng", "是否指 en", "Did you mean en?"),
        ("{male: {zh: 男, en: ''}, female: 女}", "fields.sex.values.male.en", "不能为空", "must not be empty"),
        (
            "{male: {zh: 男, en: man}, female: {zh: 女, en: Man}}",
            "fields.sex.values.female.en",
            "已是 male 的",
            "English title of male already",
        ),
    ],
)
def test_a_wrong_title_is_told_at_its_place(values: str, place: str, zh: str, en: str) -> None:
    """Missing, misspelt, empty, or another value's; in both languages."""
    with pytest.raises(Invalid) as raised:
        load_contract(HUKOU.replace("{male: 男, female: 女}", values), "hukou.yaml")

    assert any(problem.path == place and zh in problem.text.zh and en in problem.text.en for problem in raised.value.problems)


def test_the_schema_knows_titles() -> None:
    """An editor accepts the three forms of a value, and no title without a label."""
    schema = jsonschema.Draft202012Validator(feed_schema())
    data = load(HUKOU, "hukou.yaml").data
    sound = ({"male": "男"}, {"male": ["男", "男性"]}, {"male": {"zh": "男", "en": "man"}}, {"male": {"zh": ["男", "男性"], "en": "man"}})

    def is_valid(values: object) -> bool:
        fields = {**data["fields"], "sex": {**data["fields"]["sex"], "values": values}}
        return bool(schema.is_valid(json.loads(json.dumps({**data, "fields": fields}, default=str))))

    assert all(map(is_valid, sound))
    assert not any(map(is_valid, ({"male": {"en": "man"}}, {"male": {"zh": "男"}}, {"male": {"zh": "男", "en": "man", "fr": "homme"}})))


def test_an_english_title_may_be_added_to_a_contract() -> None:
    """It changes how a value is called, not what records say."""
    titled = HUKOU.replace("{male: 男, female: 女}", "{male: {zh: 男, en: man}, female: 女}")
    new = read_catalogue(UNITS, {**CONTRACTS, "hukou.yaml": titled})

    (step,) = steps(catalogue(), new)

    assert (
        (step.kind, step.place) == ("adds", ("fields", "sex", "values")) and "英文名称" in step.text.zh and "English titles" in step.text.en
    )
