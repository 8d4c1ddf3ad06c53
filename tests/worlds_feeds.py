"""A small network for generated worlds: its units and feed contracts, in the formats of `examples/feeds`.

There is a contract for each thing a rule can meet: every leaf type, two sources with different divisions, validity or none, `no_record`,
bounds or none, `order: delivery`, a feed about each kind of subject, and the three links.
"""

from typing import Any

Contract = dict[str, Any]

_PERSON = {"person": {"column": "id_number", "scheme": "cn-resident-id"}}
_HOUSEHOLD = {"column": "household_no", "scheme": "opaque", "space": "city-psb/household"}
_DWELLING = {"column": "property_no", "scheme": "opaque", "space": "city-housing/dwelling"}
_IDENTIFY: dict[str, dict[str, Any]] = {"person": _PERSON, "household": {"household": _HOUSEHOLD}, "dwelling": {"dwelling": _DWELLING}}
_AGREEMENT = {"purposes": ["assistance", "inspection"], "discloses": [], "until": "2099-12-31"}


def _title(name: str) -> dict[str, str]:
    return {"zh": name, "en": name}


def _enum(**values: str) -> dict[str, Any]:
    return {"type": "enum", "values": values}


def _int(unit: str, low: int | None = None, high: int | None = None) -> dict[str, Any]:
    bounds = {} if low is None else {"min": low, "max": high}
    return {"type": "int", "unit": unit, **bounds}


def _decimal(unit: str, low: Any = None, high: Any = None, scale: int = 2) -> dict[str, Any]:
    bounds = {} if low is None else {"min": low, "max": high}
    return {"type": "decimal", "unit": unit, "scale": scale, **bounds}


_DATE: dict[str, Any] = {"type": "date"}
_TEXT: dict[str, Any] = {"type": "text"}
_DIVISION: dict[str, Any] = {"type": "division"}


def _feed(name: str, subject: str, cardinality: str, sources: dict[str, str], fields: dict[str, Any], **more: Any) -> Contract:
    contract: Contract = {
        "format": 1,
        "feed": name,
        "sources": [{"unit": unit, "division": division} for unit, division in sources.items()],
        "title": _title(name),
        "holds": [_title(name)],
        "subject": subject,
        "cardinality": cardinality,
        "key": "record_no",
        "order": "changed_at",
        "identify": _IDENTIFY[subject],
        "fields": {key: {**field, "title": _title(key)} for key, field in fields.items()},
        "agreement": _AGREEMENT,
    }
    return {**contract, **more}


_VALIDITY = {"validity": {"from": "valid_from", "to": "valid_to"}}

CONTRACTS: list[Contract] = [
    _feed(
        "hukou",
        "person",
        "one",
        {"city-psb": "31", "yichuan-street": "310107020"},
        {
            "birth_date": _DATE,
            "since": _DATE,
            "sex": _enum(male="男", female="女"),
            "division": _DIVISION,
            "origin": _DIVISION,
            "occupation": _TEXT,
            "dependants": _int("person", 0, 20),
            "points": _decimal("point", -1000, 1000, scale=1),
        },
        registers="person",
        division="division",
        links={"household": _HOUSEHOLD},
        **_VALIDITY,
    ),
    _feed(
        "household",
        "household",
        "one",
        {"city-psb": "31"},
        {"division": _DIVISION, "size": _int("person", 1, 99), "form": _enum(family="家庭户", collective="集体户"), "founded": _DATE},
        registers="household",
        division="division",
        links={"registered_at": _DWELLING},
    ),
    _feed(
        "dwelling",
        "dwelling",
        "one",
        {"city-housing": "31", "yichuan-street": "310107020"},
        {
            "division": _DIVISION,
            "layout": _enum(one_room="一室", two_room="二室", three_room="三室"),
            "area": _decimal("m2", 0, 9999),
            "built": _DATE,
            "rooms": _int("room", 1, 20),
        },
        registers="dwelling",
        division="division",
    ),
    _feed(
        "insurance",
        "person",
        "many",
        {"putuo-insurance": "310107", "yichuan-street": "310107020"},
        {
            "status": _enum(active="正常", suspended="暂停", ended="终止"),
            "amount": _decimal("CNY/month", -500, "99999.99"),
            "checked": _DATE,
            "remark": _TEXT,
            "place": _DIVISION,
        },
        **_VALIDITY,
    ),
    _feed(
        "pension",
        "person",
        "many",
        {"city-social": "31", "yangpu-social": "310110"},
        {
            "kind": _enum(basic="基本", extra="补充"),
            "amount": _decimal("CNY/month", 0, "999999.99"),
            "grade": _int("grade", 1, 9),
            "granted": _DATE,
        },
        order="delivery",
        **_VALIDITY,
    ),
    _feed(
        "income",
        "person",
        "one",
        {"city-civil": "3101"},
        {"monthly_income": {**_decimal("CNY/month", 0, "9999999.99"), "no_record": 0}, "checked": _DATE},
    ),
    _feed(
        "assets",
        "person",
        "one",
        {"putuo-civil": "310107", "city-civil": "31"},
        {"total": _decimal("CNY"), "debts": _int("CNY"), "opened": _DATE},
        **_VALIDITY,
    ),
    _feed(
        "disability",
        "person",
        "one",
        {"putuo-federation": "310107"},
        {"level": {**_enum(none="无", light="轻", severe="重"), "no_record": "none"}, "certified": _DATE},
    ),
    _feed(
        "survey",
        "household",
        "one",
        {"putuo-civil": "310107"},
        {"beds": {**_int("person", 0, 9999), "no_record": 0}, "crowded": _enum(yes="是", no="否"), "visited": _DATE},
    ),
    _feed(
        "grants",
        "household",
        "many",
        {"putuo-civil": "310107"},
        {"amount": _decimal("CNY/month", 0, "99999.99"), "kind": _enum(housing="住房", schooling="教育"), "paid": _DATE},
        **_VALIDITY,
    ),
    _feed(
        "relocation",
        "dwelling",
        "many",
        {"city-housing": "31"},
        {"line": _TEXT, "notice_date": _DATE, "stage": _enum(notice="公告", signed="签约")},
    ),
    _feed(
        "inspection",
        "dwelling",
        "one",
        {"yichuan-street": "310107020", "city-housing": "31"},
        {"result": {**_enum(clean="正常", unsafe="隐患"), "no_record": "clean"}, "inspected": _DATE},
    ),
    _feed(
        "occupancy",
        "person",
        "many",
        {"city-housing": "31", "yichuan-street": "310107020"},
        {"relation": _enum(self="本人", kin="亲属", unrelated="非亲属"), "rent": _decimal("CNY/month", 0, "99999.99"), "since": _DATE},
        links={"lives_at": _DWELLING},
        **_VALIDITY,
    ),
]

FEEDS: dict[str, Contract] = {contract["feed"]: contract for contract in CONTRACTS}

UNITS: list[dict[str, Any]] = [
    {
        "id": unit,
        "kind": "cooperating",
        "division": division,
        "title": _title(unit),
        "contact": {"phone": "021-00000000", "address": "示例路1号", "hours": "9:00-17:00"},
    }
    for unit, division in {
        "city-psb": "31",
        "yichuan-street": "310107020",
        "city-housing": "31",
        "putuo-insurance": "310107",
        "city-social": "31",
        "yangpu-social": "310110",
        "city-civil": "31",
        "putuo-civil": "310107",
        "putuo-federation": "310107",
    }.items()
]

LINKS: dict[str, dict[str, tuple[str, str]]] = {
    "person": {"household": ("hukou", "household")},
    "household": {"registered_at": ("household", "dwelling")},
    "dwelling": {},
}
"""To-one links by kind of subject: link → (feed that defines it, kind it leads to)."""

# Thresholds and cells are drawn near the same values, so that `ge` and `gt` often differ.
MONEY = ["0", "0.01", "1594.99", "1595", "1595.01", "3190", "3300", "4950", "4950.00", "7000", "9000.50"]
SIGNED = [*MONEY[::2], "-120.50", "-500", "-120", "-0.01"]
LARGE = [*SIGNED, "1234567890123.45", "1234567890123.44", "-1234567890123.45", "9999999999999.99"]
AREAS = ["0", "29.99", "30", "30.01", "60", "75.5", "9999"]
POINTS = ["-1000", "-0.1", "0", "9.9", "10", "10.1", "60.5", "1000"]
LINES = ["L15", "L3", "L15B"]
OCCUPATIONS = ["teacher", "none", "nurse"]
NUMBERS = {"dependants": (0, 4), "size": (1, 6), "rooms": (1, 5), "grade": (1, 5), "beds": (0, 5), "debts": (-2, 5)}
DIVISIONS = ["310107020", "310107", "310107021", "310110", "310107020005", "31", "310107020000", "310000", "310107000000"]
CHECKS = ["willing", "visited_home", "signed"]


def decimals(feed: str, field: str) -> list[str]:
    """Decimal texts of a field, all inside its declared bounds and scale."""
    if field == "amount":
        return SIGNED if feed == "insurance" else MONEY
    return {"points": POINTS, "area": AREAS, "total": LARGE}.get(field, MONEY)


def texts(field: str) -> list[str]:
    """Texts of a text field."""
    return LINES if field == "line" else OCCUPATIONS
