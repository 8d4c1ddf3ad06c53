"""The tables of a research snapshot: rows about people, under tokens of this snapshot alone, coarser than on record.

``services.exports.releases`` writes them. Only fields whose feed's agreement has the purpose ``analysis`` are in them
(``services.exports.analysis``). Lists and their history are in ``services.exports.research_lists``, names and meanings in
``services.exports.research_names``. No table has the number, key or row of a delivery, nor a day about anybody: months at most.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from policies.language.catalogue import ANALYSIS, Feed
from policies.values import Kind
from services.exports.analysis import BIRTH_DATE, SEX, analysable_field, analysable_register, analysis_refusal, fields_in
from services.exports.research_lists import list_tables
from services.exports.research_names import SUBJECTS, name_tables, record_table, treated_columns
from services.state.as_of import core

if TYPE_CHECKING:
    import polars as pl

    from connectors.analysts.anonymity import Anonymity
    from connectors.analysts.columns import Treatment
    from connectors.analysts.release_tokens import ReleaseTokens
    from matchers.matrix.store import Store
    from streams.host import Host

EPOCH = date(1970, 1, 1)


class ResearchTables:
    """The tables of one research snapshot; each large one is made only when its turn comes.

    Args:
        host: all tables are of the offset of its state, whatever a writer commits meanwhile.
        tokens: makes the tokens of this snapshot.

    ``about`` has the facts about the snapshot, and ``anonymity`` the measured classes of people, once all tables were made.
    """

    def __init__(self, host: Host, tokens: ReleaseTokens) -> None:
        self._host, self._tokens = host, tokens
        self._day = host.state.day
        self._store: Store = core(host.state).store
        self._people: pl.DataFrame | None = None
        self._identifiers: list[str] = []
        self.anonymity: Anonymity | None = None
        self.about = {"day": self._day.isoformat(), "offset": str(host.state.offset), "purpose": ANALYSIS}

    def __iter__(self) -> Iterator[tuple[str, pl.DataFrame]]:
        from connectors.analysts.anonymity import anonymity

        for kind, name in SUBJECTS.items():
            yield name, self._subjects(kind)
        treatments: dict[str, dict[str, Treatment]] = {}
        for feed in self._feeds():
            frame, treatments[feed.name] = self._records(feed)
            self._note_identifiers(feed, frame)
            yield record_table(feed.name), frame
        assert self._people is not None  # every kind of subject had its turn
        self.anonymity = measured = anonymity(self._people, self._identifiers)
        self._people = None
        self.about |= {
            "quasi_identifiers": ", ".join(measured.identifiers), "k_persons": str(measured.persons), "k_smallest": str(measured.smallest),
            "k_unique": str(measured.unique), "k_under_5": str(measured.under_5), "k_under_10": str(measured.under_10),
        }  # fmt: skip
        first_message = self._host.outcome_history().first
        self.about["outcomes_since_message"] = "" if first_message is None else str(first_message)
        yield from list_tables(self._host, self._tokens)
        yield from name_tables(self._host.state)
        yield "columns", treated_columns((record_table(feed.name), feed, treatments[feed.name]) for feed in self._feeds())

    def _feeds(self) -> list[Feed]:
        """The feeds that may enter, registers of persons first: others may say more of those whom they register."""
        feeds = [feed for feed in self._host.state.catalogue.feeds.values() if analysis_refusal(feed, self._day) is None]
        return sorted(feeds, key=lambda feed: feed.registers is not Kind.PERSON)

    def _subjects(self, kind: Kind) -> pl.DataFrame:
        """The subjects of a kind, with street and, of persons, age band and sex; nulls where the register may not enter."""
        import polars as pl

        from connectors.analysts.coarse import age_bands, streets
        from connectors.analysts.columns import field_series, subject_series, text_series
        from matchers.matrix.frames import own_field, subjects

        all_subjects = subjects(self._store, kind, (self._day - EPOCH).days)
        may_enter = analysable_register(self._host.state.catalogue, kind, self._day) is not None
        place = all_subjects.division.astype("int64")
        columns = {
            "subject": subject_series(kind, all_subjects.token, self._tokens),
            "street": streets(text_series(place, (place >= 0) & may_enter, all_subjects.texts)),
            "registered": pl.Series(place != -2) if may_enter else pl.Series([None] * len(place), dtype=pl.Boolean),
        }
        if kind is Kind.PERSON:
            for name, field_name in (("age_band", BIRTH_DATE), ("sex", SEX)):
                found_field = analysable_field(self._host.state.catalogue, field_name, self._day)
                if found_field is None:
                    columns[name] = pl.Series([None] * len(place), dtype=pl.String)
                    continue
                register, field = found_field
                values = field_series(own_field(self._store, register.name, field.name))
                columns[name] = age_bands(values, self._day) if field_name == BIRTH_DATE else values.cast(pl.String)
        frame = pl.DataFrame(columns).sort("subject")
        if kind is Kind.PERSON:
            self._people, self._identifiers = frame.filter(pl.col("registered")), ["age_band", "sex", "street"]
        return frame

    def _records(self, feed: Feed) -> tuple[pl.DataFrame, dict[str, Treatment]]:
        from connectors.analysts.columns import records_frame
        from matchers.matrix.frames import records

        return records_frame(records(self._store, feed.name), feed, fields_in(feed), self._tokens, self._day)

    def _note_identifiers(self, feed: Feed, frame: pl.DataFrame) -> None:
        """Adds the quasi-identifiers of a feed of persons, or of their households, to what is measured."""
        import polars as pl

        from connectors.analysts.columns import record_columns

        assert self._people is not None  # persons had their turn
        names = record_columns(feed)
        own = [names["field", f.name] for f in fields_in(feed) if f.quasi and not (feed.registers is Kind.PERSON and f.name == SEX)]
        if feed.registers is Kind.PERSON and "household" in feed.links:
            household = frame.select("subject", pl.col(names["link", "household"]).alias("household")).unique("subject", keep="first")
            self._people = self._people.join(household, on="subject", how="left")
        by = {Kind.PERSON: "subject", Kind.HOUSEHOLD: "household"}.get(feed.subject)
        if own and by in self._people.columns:
            values = frame.group_by("subject").agg(_all_values(name).alias(f"{feed.name}.{name}") for name in own)
            self._people = self._people.join(values, left_on=by, right_on="subject", how="left")
            self._identifiers += [f"{feed.name}.{name}" for name in own]


def _all_values(column: str) -> pl.Expr:
    """All values of a column in a group, as one text."""
    import polars as pl

    return pl.col(column).drop_nulls().cast(pl.String).unique().sort().str.join("|")
