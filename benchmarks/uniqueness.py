"""``make uniqueness``: the share of people who are unique by the declared quasi-identifiers, on record and in a research snapshot.

The figures of the snapshot are counted from its file and held against those in its ``about``. The snapshot lies in a private folder and goes
with it. ``make uniqueness WORKSPACE=putuo`` measures a workspace; without one, an invented district of ``RESIDENTS``.
Source: Sweeney, "k-anonymity: a model for protecting privacy", 2002.
"""

from __future__ import annotations

import argparse
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from benchmarks import world
from benchmarks.run import load_district
from connectors.analysts.anonymity import Anonymity, anonymity
from connectors.analysts.columns import field_series, text_series, token_series
from connectors.analysts.locked_files import frame_in_file
from connectors.analysts.release_tokens import KEY_BYTES
from connectors.analysts.snapshot import snapshot_facts
from infra.workspace.workspace import Workspace
from matchers.matrix.frames import own_field, records, subjects
from policies.language.catalogue import Feed, Field
from policies.values import Kind
from services.exports.analysis import BIRTH_DATE, SEX, analysis_refusal, fields_in
from services.exports.releases import write_research_snapshot
from services.exports.research_tables import EPOCH
from services.state.as_of import core
from streams.host import Host

ON_RECORD = ("birth date", "sex", "division")
IN_SNAPSHOT = ("age_band", "sex", "street")
NOT_REGISTERED = -2


@dataclass(frozen=True, slots=True)
class Uniqueness:
    """The classes of the same people by the same quasi-identifiers: as the records say, and as a research snapshot does."""

    on_record: Anonymity
    in_snapshot: Anonymity


def uniqueness(host: Host, folder: Path) -> Uniqueness:
    """Measures the people of a host before and after.

    Args:
        folder: private; the snapshot is written into it.

    Raises:
        AssertionError: the snapshot tells other figures about itself than its rows give.
    """
    path = folder / "uniqueness.duckdb"
    write_research_snapshot(host, path, secrets.token_bytes(KEY_BYTES))
    measured, about = people_in_snapshot(host, path), snapshot_facts(path)
    expected = (about["k_persons"], about["k_smallest"], about["k_unique"], about["k_under_5"], about["k_under_10"])
    assert expected == tuple(map(str, (measured.persons, measured.smallest, measured.unique, measured.under_5, measured.under_10)))
    return Uniqueness(people_on_record(host), measured)


def people_on_record(host: Host) -> Anonymity:
    """The classes of the registered people by exact birth date, sex, division and what contracts call quasi."""
    register = host.state.catalogue.register(Kind.PERSON)
    assert register is not None
    store, day = core(host.state).store, (host.state.day - EPOCH).days
    everybody = subjects(store, Kind.PERSON, day)
    place = everybody.division.astype("int64")
    birth, sex = (field_series(own_field(store, register.name, name)) for name in (BIRTH_DATE, SEX))
    frame = pl.DataFrame(
        {
            "subject": token_series(everybody.token), "birth date": birth, "sex": sex.cast(pl.String),
            "division": text_series(place, place >= 0, everybody.texts),
        }
    ).filter(pl.Series(place != NOT_REGISTERED))  # fmt: skip
    tables = {}
    for feed, _ in _quasi_fields(host):
        rows = records(store, feed.name)
        links = {name: token_series(link) for name, link in rows.links.items()}
        tables[feed.name] = pl.DataFrame(
            {"subject": token_series(rows.subject), **links, **{f.name: field_series(rows.fields[f.name]) for f in fields_in(feed)}}
        )
    return _classes(frame, ON_RECORD, tables, host)


def people_in_snapshot(host: Host, path: Path) -> Anonymity:
    """The same of a snapshot's own rows."""
    frame = frame_in_file(path, "persons").filter("registered")
    return _classes(frame, IN_SNAPSHOT, {feed.name: frame_in_file(path, feed.name) for feed, _ in _quasi_fields(host)}, host)


def _quasi_fields(host: Host) -> Iterator[tuple[Feed, list[Field]]]:
    """The feeds of a snapshot that are read here, with their quasi-identifiers but birth date and sex; the register first."""
    feeds = [feed for feed in host.state.catalogue.feeds.values() if analysis_refusal(feed, host.state.day) is None]
    for feed in sorted(feeds, key=lambda feed: feed.registers is not Kind.PERSON):
        is_register = feed.registers is Kind.PERSON
        own = [f for f in fields_in(feed) if f.quasi and not (is_register and f.name == SEX)]
        if is_register or (own and feed.subject in (Kind.PERSON, Kind.HOUSEHOLD)):
            yield feed, own


def _classes(frame: pl.DataFrame, identifiers: Sequence[str], tables: dict[str, pl.DataFrame], host: Host) -> Anonymity:
    names = list(identifiers)
    for feed, own in _quasi_fields(host):
        table = tables[feed.name]
        if feed.registers is Kind.PERSON and "household" in feed.links:
            household = table.select("subject", pl.col("household").alias("of_household")).unique(
                "subject", keep="first", maintain_order=True
            )
            frame = frame.join(household, on="subject", how="left")
        by = "subject" if feed.subject is Kind.PERSON else "of_household"
        if own and by in frame.columns:
            columns = {f.name: f"{feed.name}.{f.name}" for f in own}
            values = table.group_by("subject").agg(
                pl.col(name).drop_nulls().cast(pl.String).unique().sort().str.join("|").alias(column) for name, column in columns.items()
            )
            frame = frame.join(values, left_on=by, right_on="subject", how="left")
            names += columns.values()
    return anonymity(frame, names)


def lines(measured: Uniqueness) -> Iterator[str]:
    """The figures, a line a kind."""
    yield f"{'':12} {'people':>9} {'smallest':>9} {'unique':>8} {'under 5':>8} {'under 10':>8}  by"
    for name, k in (("on record", measured.on_record), ("in snapshot", measured.in_snapshot)):
        shares = " ".join(f"{share:8.2%}" for share in (k.unique, k.under_5, k.under_10))
        yield f"{name:12} {k.persons:9,} {k.smallest:9,} {shares}  {', '.join(k.identifiers)}"


@contextmanager
def _host(workspace: Path | None, residents: int, folder: Path) -> Iterator[Host]:
    if workspace is None:
        yield load_district(folder / "state", world.make(residents))
    else:
        with Workspace.open(workspace).reading() as host:
            yield host


def main() -> None:
    parser = argparse.ArgumentParser(description="People unique by quasi-identifiers, on record and in a research snapshot.")
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--residents", type=int, default=50_000, help="of an invented district, where no workspace is named")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, _host(arguments.workspace, arguments.residents, Path(name)) as host:
        print(*lines(uniqueness(host, Path(name))), sep="\n")


if __name__ == "__main__":
    main()
