"""The tables of one world in DuckDB: versions as they arrived, then what is there at a date, by semantics §1–§4.

`raw` holds every version; everything after it is SQL. For a date, `full_<kind>` has one row for each subject named anywhere: whether it is
registered, where it is placed, each field of its cardinality-one feeds (`f_<feed>__<field>`, with `has_<feed>` saying there is a record), the
day up to which each feed covers it (`cov_<feed>`), and the same of the subjects that its links lead to, with the link before the name
(`household/f_household__size`). A quarantined row of `raw` keeps its links, which are found only from the subjects they name; in
`full_<kind>` they are empty. `sound_<feed>` says that *the* record of a feed is there and not in quarantine.
"""

import datetime as dt
from fractions import Fraction
from typing import Any

import duckdb
import polars as pl

KINDS = {"person": "persons", "household": "households", "dwelling": "dwellings"}
_TYPES = {"int": "BIGINT", "decimal": "BIGINT", "date": "DATE", "enum": "VARCHAR", "text": "VARCHAR", "division": "VARCHAR"}
_VERSION = ["rid", "kind", "subject", "feed", "src", "key", "unusable", "ord", "delivery", "row", "vfrom", "vto", "deleted", "quarantined"]
_VERSION_TYPES = ["BIGINT", "VARCHAR", "VARCHAR", "VARCHAR", "INT", "VARCHAR", "BOOLEAN", "BIGINT", "BIGINT", "BIGINT", "DATE", "DATE", "BOOLEAN", "BOOLEAN"]
_FRAME = {"VARCHAR": pl.String(), "INT": pl.Int32(), "BIGINT": pl.Int64(), "DATE": pl.Date(), "BOOLEAN": pl.Boolean()}
_DATABASE = duckdb.connect(config={"threads": 1})


def literal(value: Any) -> str:
    """A Python value as SQL."""
    match value:
        case None:
            return "NULL"
        case bool() | int():
            return str(value)
        case dt.date():
            return f"DATE '{value.isoformat()}'"
        case _:
            return "'" + str(value).replace("'", "''") + "'"


def day(value: Any) -> dt.date:
    """A date given as one or as text."""
    if isinstance(value, dt.datetime):
        return value.date()
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))


def fraction(value: Any) -> Fraction:
    """A number or its text, exactly; a float is read by its shortest text."""
    return Fraction(value) if isinstance(value, int | Fraction) else Fraction(str(value).strip())


def division(code: Any) -> str:
    """A division code without its whole trailing zero groups (levels 2-2-2-3-3)."""
    text = str(code)
    for end, start in ((12, 9), (9, 6), (6, 4), (4, 2)):
        if len(text) == end and set(text[start:]) == {"0"}:
            text = text[:start]
    return text


class Feeds:
    """The contracts, as the translation asks for them."""

    def __init__(self, contracts: list[dict[str, Any]]) -> None:
        self.all = {contract["feed"]: contract for contract in contracts}
        self.registers = {contract["registers"]: contract["feed"] for contract in contracts if contract.get("registers")}
        space = {}
        for kind, feed in self.registers.items():
            space[self.all[feed]["identify"][kind]["space" if "space" in self.all[feed]["identify"][kind] else "scheme"]] = kind
        self.links: dict[str, dict[str, tuple[str, str]]] = {kind: {} for kind in KINDS}
        self.inverse: dict[str, dict[str, tuple[str, str]]] = {kind: {} for kind in KINDS}
        for contract in contracts:
            for link, target in (contract.get("links") or {}).items():
                kind, feed = space[target.get("space", target["scheme"])], contract["feed"]
                if contract["cardinality"] == "one":
                    self.links[contract["subject"]][link] = (feed, kind)
                    if contract["subject"] == "person" and kind == "household":
                        self.inverse[kind]["members"] = (feed, link)
                else:
                    self.inverse[kind][feed] = (feed, link)

    def single_feeds(self, kind: str) -> list[str]:
        """Cardinality-one feeds about a kind of subject."""
        return [name for name, contract in self.all.items() if contract["subject"] == kind and contract["cardinality"] == "one"]

    def field(self, feed: str, name: str) -> dict[str, Any]:
        return self.all[feed]["fields"][name]  # type: ignore[no-any-return]  # contracts are plain data

    def link_names(self) -> list[str]:
        return sorted({link for contract in self.all.values() for link in contract.get("links") or {}})


def stored_cell(spec: dict[str, Any], cell: Any) -> Any:
    """A cell as it is stored: codes for labels, whole divisions, decimals scaled to integers."""
    if cell is None:
        return None
    match spec["type"]:
        case "decimal":
            scaled = fraction(cell) * 10 ** spec["scale"]
            assert scaled.denominator == 1, f"{cell} has more than {spec['scale']} decimals"
            return int(scaled)
        case "int":
            return int(cell)
        case "date":
            return day(cell)
        case "division":
            return division(cell) or None
        case "enum":
            labels = {label: code for code, label in spec["values"].items()}
            return str(cell) if str(cell) in spec["values"] else labels[cell]
        case _:
            return str(cell)


class SqlWorld:
    """The tables of one `given`, in a schema of temporary tables of its own."""

    def __init__(self, contracts: list[dict[str, Any]], facts: dict[str, Any]) -> None:
        self.feeds = Feeds(contracts)
        self.con = _DATABASE.cursor()
        self.con.execute("PRAGMA disable_optimizer")  # On tables of twenty rows planning is all the time there is; this halves it.
        self.as_of: dt.date | None = None
        self.kept: dict[str, list[str]] = {}
        self.columns = [(f"f_{feed}__{name}", _TYPES[spec["type"]]) for feed, c in self.feeds.all.items() for name, spec in c["fields"].items()]
        self.columns += [(f"l_{link}", "VARCHAR") for link in self.feeds.link_names()]
        self._at = {name: i for i, name in enumerate([*_VERSION, *(name for name, _ in self.columns)])}
        rows = [row for kind, section in KINDS.items() for name, feeds in (facts.get(section) or {}).items() for row in self._rows(kind, name, feeds or {})]
        rows = [[number, *row[1:]] for number, row in enumerate(rows)]
        self._table("raw", dict(zip(_VERSION, _VERSION_TYPES, strict=True)) | dict(self.columns), rows)
        self._statements(facts)
        sources = [(feed, i, s["unit"], division(s["division"])) for feed, c in self.feeds.all.items() for i, s in enumerate(c["sources"])]
        self._table("sources", {"feed": "VARCHAR", "src": "INT", "unit": "VARCHAR", "division": "VARCHAR"}, sources)
        replaced = [(r["feed"], r["unit"], r["delivery"]) for r in facts.get("replace") or []]
        self._table("replaced", {"feed": "VARCHAR", "unit": "VARCHAR", "delivery": "BIGINT"}, replaced)
        answers = [(name, check, answer in (True, "yes")) for name, checks in (facts.get("answers") or {}).items() for check, answer in checks.items()]
        self._table("answers", {"subject": "VARCHAR", "check_id": "VARCHAR", "said": "BOOLEAN"}, answers)
        self._table("names", {"kind": "VARCHAR", "name": "VARCHAR"}, sorted(self._names(facts)))

    def _table(self, name: str, columns: dict[str, str], rows: list[Any]) -> None:
        """Show rows to DuckDB as a frame: a wide VALUES list takes 30 ms to parse, a frame 1 ms."""
        schema = {column: _FRAME[kind] for column, kind in columns.items()}
        self.con.register(name, pl.DataFrame(rows, schema=schema, orient="row").to_arrow())

    def _keep(self, name: str, select: str) -> None:
        """Store a query's rows in a table."""
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {select}")
        self.kept[name] = [column[0] for column in self.con.execute(f"SELECT * FROM {name} LIMIT 0").description]

    def _rows(self, kind: str, name: str, feeds: dict[str, Any]) -> list[list[Any]]:
        """The versions of one subject's records; its links stand beside its feeds."""
        beside = {link: feeds[link] for link in self.feeds.links[kind] if link in feeds}
        versions: list[list[Any]] = []
        for feed, rows in feeds.items():
            if feed in beside:
                continue
            contract = self.feeds.all[feed]
            links = {link: beside[link] for link in contract.get("links") or {} if link in beside}
            for position, record in enumerate(rows if isinstance(rows, list) else [rows]):
                versions.append(self._row(kind, name, feed, position, {**links, **(record or {})}))
        return versions

    def _row(self, kind: str, name: str, feed: str, position: int, record: dict[str, Any]) -> list[Any]:
        contract, row = self.feeds.all[feed], [None] * len(self._at)
        units = [source["unit"] for source in contract["sources"]]
        order = 0 if contract["order"] == "delivery" else record.get("order", 0)
        unusable = order == "none"
        order = 0 if unusable else order.toordinal() if isinstance(order, dt.date) else int(order)
        quarantined = unusable or bool(record.get("quarantined"))
        cells = {
            "kind": kind, "subject": name, "feed": feed, "src": units.index(record.get("source", units[0])),
            "key": str(record.get("key", f"{name}/{position}")), "unusable": unusable, "ord": order, "delivery": record.get("delivery", 1),
            "row": record.get("row", 1 + position), "deleted": bool(record.get("deleted")) and not unusable, "quarantined": quarantined,
        }
        if not quarantined:
            cells |= {column: day(record[end]) for end, column in (("from", "vfrom"), ("to", "vto")) if record.get(end) is not None}
            cells |= {f"f_{feed}__{field}": stored_cell(spec, record.get(field)) for field, spec in contract["fields"].items()}
        cells |= {f"l_{link}": record.get(link) or None for link in contract.get("links") or {}}
        for column, cell in cells.items():
            row[self._at[column]] = cell
        return row

    def _statements(self, facts: dict[str, Any]) -> None:
        rows: list[tuple[Any, ...]] = []
        for statement in facts.get("coverage") or []:
            feeds = statement["feed"] if isinstance(statement["feed"], list) else [statement["feed"]]
            for feed in feeds:
                for source in self.feeds.all[feed]["sources"]:
                    if statement.get("unit", source["unit"]) != source["unit"]:
                        continue
                    upto = day(statement["complete_to"])
                    if "division" in statement:
                        rows.append((feed, source["unit"], division(statement["division"]), None, upto))
                    rows += [(feed, source["unit"], None, name, upto) for name in statement.get("subjects") or []]
        columns = {"feed": "VARCHAR", "unit": "VARCHAR", "division": "VARCHAR", "subject": "VARCHAR", "upto": "DATE"}
        self._table("statements", columns, rows)

    def _names(self, facts: dict[str, Any]) -> set[tuple[str, str]]:
        """Every subject named anywhere, with its kind."""
        names = {(kind, name) for kind, section in KINDS.items() for name in facts.get(section) or {}}
        targets = {link: kind for links in self.feeds.links.values() for link, (_, kind) in links.items()}
        targets |= {link: kind for kind, inverse in self.feeds.inverse.items() for _, link in inverse.values() if link not in targets}
        for section in KINDS.values():
            for feeds in (facts.get(section) or {}).values():
                records = [record for rows in feeds.values() for record in (rows if isinstance(rows, list) else [rows])]
                holders = [feeds, *(record for record in records if isinstance(record, dict))]
                names |= {(kind, words[link]) for words in holders for link, kind in targets.items() if isinstance(words.get(link), str)}
        known_names = {name for _, name in names}
        for statement in facts.get("coverage") or []:
            feeds = statement["feed"] if isinstance(statement["feed"], list) else [statement["feed"]]
            listed = [name for name in statement.get("subjects") or [] if name not in known_names]
            names |= {(self.feeds.all[feed]["subject"], name) for feed in feeds for name in listed}
        return names

    def at(self, as_of: dt.date) -> None:
        """Make the tables of a date."""
        if self.as_of == as_of:
            return
        self._keep("here", _HERE.format(day=literal(as_of)))
        for kind in KINDS:
            self._keep(f"own_{kind}", self._own(kind))
        self._keep("cov", _COVERAGE)
        for kind in reversed(KINDS):
            self._keep(f"full_{kind}", self._full(kind))
        self.as_of = as_of

    def _own(self, kind: str) -> str:
        register = self.feeds.registers[kind]
        place = f"f_{register}__{self.feeds.all[register]['division']}"
        ones = ", ".join(map(literal, self.feeds.single_feeds(kind)))
        columns = [f"coalesce(bool_or(t.feed = '{register}'), FALSE) AS registered", f"any_value(t.{place}) AS place"]
        columns += [f"any_value(t.l_{link}) FILTER (WHERE t.feed = '{feed}' AND NOT t.quarantined) AS l_{link}" for link, (feed, _) in self.feeds.links[kind].items()]
        for feed in self.feeds.single_feeds(kind):
            columns.append(f"coalesce(bool_or(t.feed = '{feed}'), FALSE) AS has_{feed}")
            columns.append(f"coalesce(bool_or(t.feed = '{feed}' AND NOT t.quarantined), FALSE) AS sound_{feed}")
            columns += [f"any_value(t.f_{feed}__{field}) AS f_{feed}__{field}" for field in self.feeds.all[feed]["fields"]]
        return (
            f"SELECT n.name, {', '.join(columns)} FROM names n "
            f"LEFT JOIN here t ON t.kind = n.kind AND t.subject = n.name AND t.place = 1 AND t.feed IN ({ones}) WHERE n.kind = '{kind}' GROUP BY n.name"
        )

    def _full(self, kind: str) -> str:
        """A subject's own columns, and those of every subject its links lead to."""
        covers = ", ".join(f"any_value(upto) FILTER (WHERE feed = '{feed}') AS cov_{feed}" for feed in self.feeds.all)
        select, joins = ["o.*", "v.* EXCLUDE (name)"], ""
        for link, (_, target) in self.feeds.links[kind].items():
            select.append(f"t_{link}.*")
            renamed = ", ".join(f'"{column}" AS "{link}/{column}"' for column in self.kept[f"full_{target}"])
            joins += f' LEFT JOIN (SELECT {renamed} FROM full_{target}) t_{link} ON t_{link}."{link}/name" = o.l_{link}'
        return (
            f"SELECT {', '.join(select)} FROM own_{kind} o "
            f"LEFT JOIN (SELECT name, {covers} FROM cov WHERE kind = '{kind}' GROUP BY name) v ON v.name = o.name{joins}"
        )


_HERE = """
WITH counting AS (
  SELECT rid, kind, subject, feed, src, key, unusable, ord, delivery, "row", vfrom, vto, deleted, quarantined,
    delivery::HUGEINT * 4294967296 + "row" AS came, NOT unusable AND (deleted OR NOT quarantined) AS sound
  FROM raw w
  WHERE NOT EXISTS (
    SELECT 1 FROM replaced p JOIN sources s ON s.feed = p.feed AND s.unit = p.unit
    WHERE s.feed = w.feed AND s.src = w.src AND w.delivery < p.delivery)
), compared AS (
  SELECT *, max(came) FILTER (WHERE unusable) OVER (PARTITION BY feed, src, key) AS last_unusable,
    max(came) FILTER (WHERE sound) OVER (PARTITION BY feed, src, key) AS last_sound
  FROM counting
), versions AS (
  SELECT *, row_number() OVER (PARTITION BY feed, src, key ORDER BY unusable DESC, ord DESC, delivery DESC, "row" DESC) AS place
  FROM compared
  WHERE NOT unusable OR last_sound IS NULL OR last_sound <= last_unusable
), there AS (
  SELECT rid, row_number() OVER (PARTITION BY feed, kind, subject ORDER BY unusable DESC, ord DESC, delivery DESC, "row" DESC, src DESC, key DESC) AS place
  FROM versions w
  WHERE w.place = 1 AND NOT w.deleted
    AND (quarantined OR ((vfrom IS NULL OR vfrom <= {day}) AND (vto IS NULL OR {day} <= vto)))
)
SELECT r.*, t.place FROM raw r JOIN there t ON t.rid = r.rid
"""
"""§1.1–§1.3, §1.5: of the versions that no full replacement leaves behind, the winning one of each key, without the deleted, where it is there at
the date. Of a cardinality-one feed's records of a subject, the one in place 1 is *the* record."""

_COVERAGE = """
SELECT r.kind, r.name, r.feed, CASE WHEN count(*) = count(r.upto) THEN min(r.upto) END AS upto
FROM (
  SELECT p.kind, p.name, s.feed, s.unit, (
    SELECT max(t.upto) FROM statements t
    WHERE t.feed = s.feed AND t.unit = s.unit AND starts_with(p.place, s.division)
      AND (starts_with(p.place, t.division) OR t.subject = p.name)) AS upto
  FROM (
    SELECT 'person' AS kind, name, place FROM own_person UNION ALL
    SELECT 'household', name, place FROM own_household UNION ALL
    SELECT 'dwelling', name, place FROM own_dwelling) p
  JOIN sources s ON starts_with(p.place, s.division) OR starts_with(s.division, p.place)
) r
GROUP BY ALL
"""
"""§3: the day up to which every responsible source has spoken for a subject; no row or NULL where one never has.
The max_age of a policy is added later: adding months keeps the order of days, so the earliest day decides."""

__all__ = ["KINDS", "Feeds", "SqlWorld", "day", "division", "fraction", "literal", "stored_cell"]
