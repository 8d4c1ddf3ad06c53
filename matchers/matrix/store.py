"""The matrix: record arenas, subjects, their chains, and the dictionaries of text and divisions.

A batch is *staged* first (``matchers.matrix.staging``), so that the caller can look at the state before, and then *committed*. Policies are
unknown here. Tokens become rows by the decisions about identity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from matchers.kernel.batch import DELETED, MISSING, Int32, Int64, RecordBatch, UInt64
from matchers.kernel.codes import Codes
from matchers.kernel.kernels.chains import commit_rows, withdraw_older
from matchers.kernel.kernels.indexes import find_key, index_entities, index_records, resolve_entities
from matchers.kernel.kernels.reach import seeds_of_records, seeds_of_rows
from matchers.kernel.kernels.records import DELIVERY, FLAGS, HIDDEN, L_KIND, L_REGISTERS, MISSING32, NEXT, ORDER, ROW, SUBJECT, lower_hidden
from matchers.kernel.kernels.whereabouts import read_placements
from matchers.kernel.layout import KINDS, FeedLayout, Layout, layout
from matchers.matrix.identity import IdentityDecisions
from matchers.matrix.relayout import laid_anew
from matchers.matrix.versions import Versions
from policies.language.catalogue import Catalogue, FieldType
from policies.values import significant

_START = 1024


def _power(least: int) -> int:
    """The smallest power of two that ``least`` entries fill to at most two thirds: the size of an index with linear probing."""
    return max(16, 1 << (3 * least // 2).bit_length())


def tables(arrays: Sequence[Int32]) -> Int64:
    """Addresses of contiguous int32 arrays for ``records.table_at``: int64[n, 3] of address, rows, columns. The caller keeps the arrays."""
    return np.array([[a.ctypes.data, len(a), a.shape[1] if a.ndim > 1 else 1] for a in arrays], np.int64)


@dataclass(slots=True)
class StagedRows:
    """Rows brought to their records, not yet written.

    Args:
        sites, entities, seeds: where the change begins; ``seeds`` is how many there are.
        apart: which rows of the batch were decided one by one; the last ``winners`` of the staged rows are theirs.
        renewals: records of these with a new version that says the same; it is written already.
    """

    lay: FeedLayout
    rows: Int32
    picked: Int32
    place: Int32
    count: int
    sites: Int32
    entities: Int32
    seeds: int
    apart: npt.NDArray[np.bool_] | None = None
    winners: int = 0
    renewals: Int32 = field(default_factory=lambda: np.empty(0, np.int32))


class Store:
    """The records and subjects of one matcher, in columns."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.layout: Layout = layout(catalogue)
        self.texts = Codes()
        self.divisions = Codes()
        self.floors: dict[tuple[int, int], int] = {}  # (feed, source) -> lower deliveries are withdrawn
        self.identities = IdentityDecisions()
        self.versions = Versions()
        self.trusted = False  # every row wins, for the locator has compared it (matchers.partition_matcher)
        widths = [f.width for f in self.layout.feeds.values()]
        self.arenas: list[Int32] = [np.empty((_START, width), np.int32) for width in widths]
        self.counts: list[int] = [0 for _ in widths]
        self.record_slots: list[Int32] = [np.full(2 * _START, -1, np.int32) for _ in widths]
        self.tokens: list[UInt64] = [np.zeros(_START, np.uint64) for _ in KINDS]
        self.sizes: list[int] = [0, 0, 0]
        self.entity_slots: list[Int32] = [np.full(2 * _START, -1, np.int32) for _ in KINDS]
        self.heads: list[Int32] = [np.full((_START, max(1, columns)), -1, np.int32) for columns in self.layout.heads]
        self.stamps: list[Int32] = [np.zeros(_START, np.int32) for _ in KINDS]
        self.marks: list[Int32] = [np.zeros(_START, np.int32) for _ in KINDS]
        self.epoch = self.mark = 0
        self.rebuild_tables()

    def rebuild_tables(self) -> None:
        """Makes the kernels' tables of addresses again after an array was replaced."""
        self.arena_tables = tables(self.arenas)
        self.head_tables = tables(self.heads)
        self.stamp_tables = tables(self.stamps)
        self.mark_tables = tables(self.marks)

    def next_epoch(self) -> int:
        """A number with which no subject is stamped. It is kept here because stamps outlive the rules of one set of policies."""
        self.epoch += 1
        if self.epoch == 2**31 - 1:
            for stamps in self.stamps:
                stamps[:] = 0
            self.epoch = 1
        return self.epoch

    def next_marks(self, count: int) -> int:
        """Reserves ``count`` marks that no subject has: n + 1 to n + ``count``, where n is returned."""
        if self.mark + count >= 2**31:
            for marks in self.marks:
                marks[:] = 0
            self.mark = 0
        self.mark += count
        return self.mark - count

    def extend(self, catalogue: Catalogue) -> None:
        """Makes room for feeds added at the end of the catalogue, and for fields that are new or wider."""
        old, self.layout = self.layout, layout(catalogue, self.layout.semantics)
        for was, now in zip(old.feeds.values(), self.layout.feeds.values(), strict=False):
            if (was.lanes, was.identity) != (now.lanes, now.identity):
                self.arenas[was.position] = laid_anew(self.arenas[was.position], self.counts[was.position], was, now)
                self.versions.laid_anew(was, now)
        for lay in list(self.layout.feeds.values())[len(old.feeds) :]:
            self.arenas.append(np.empty((_START, lay.width), np.int32))
            self.counts.append(0)
            self.record_slots.append(np.full(2 * _START, -1, np.int32))
        for kind, columns in enumerate(self.layout.heads):
            more = np.full((len(self.heads[kind]), max(1, columns)), -1, np.int32)
            more[:, : self.heads[kind].shape[1]] = self.heads[kind]
            self.heads[kind] = more
        self.rebuild_tables()

    def follow(self, semantics: int) -> None:
        """Judges by this version of docs/en/semantics.md from now on."""
        self.layout = replace(self.layout, semantics=semantics)

    def reserve_entities(self, kind: int, more: int) -> None:
        need = self.sizes[kind] + more
        if need > len(self.tokens[kind]):
            room = max(need, len(self.tokens[kind]) * 3 // 2)
            tokens = np.zeros(room, np.uint64)
            tokens[: self.sizes[kind]] = self.tokens[kind][: self.sizes[kind]]
            heads = np.full((room, self.heads[kind].shape[1]), -1, np.int32)
            heads[: self.sizes[kind]] = self.heads[kind][: self.sizes[kind]]
            stamps = np.zeros(room, np.int32)
            stamps[: self.sizes[kind]] = self.stamps[kind][: self.sizes[kind]]
            self.tokens[kind], self.heads[kind], self.stamps[kind] = tokens, heads, stamps
            self.marks[kind] = np.zeros(room, np.int32)  # a mark has no meaning after the walk that made it
            self.rebuild_tables()
        if 3 * need > 2 * len(self.entity_slots[kind]):
            self.entity_slots[kind] = np.empty(_power(need), np.int32)
            index_entities(self.entity_slots[kind], self.tokens[kind], self.sizes[kind])

    def entities(self, kind: int, tokens: UInt64) -> Int32:
        """Rows of subjects; a new token gets a new row, token 0 gives -1."""
        self.reserve_entities(kind, len(tokens))
        out = np.empty(len(tokens), np.int32)
        self.sizes[kind] = resolve_entities(tokens, out, self.entity_slots[kind], self.tokens[kind], self.sizes[kind])
        return out

    def entity(self, kind: int, token: int) -> int:
        """Row of a subject, or -1."""
        row = int(find_key(self.entity_slots[kind], len(self.entity_slots[kind]) - 1, np.uint64(token), self.tokens[kind]))
        return row if row >= 0 else -1

    def reserve_records(self, feed: int, more: int) -> None:
        need = self.counts[feed] + more
        kind = int(self.layout.lays[feed][L_KIND])
        if self.layout.lays[feed][L_REGISTERS]:
            need = max(need, self.sizes[kind] + more)
        arena = self.arenas[feed]
        if need > len(arena):
            larger = np.empty((max(need, len(arena) * 3 // 2), arena.shape[1]), np.int32)
            larger[: self.counts[feed]] = arena[: self.counts[feed]]
            self.arenas[feed] = larger
            self.rebuild_tables()
        if 3 * need > 2 * len(self.record_slots[feed]):  # holes are counted, but a register has hardly any
            self.record_slots[feed] = np.empty(_power(need), np.int32)
            index_records(self.record_slots[feed], self.arenas[feed], self.counts[feed])

    def rows(self, batch: RecordBatch) -> Int32:
        """A batch as arena rows: version, flags and body; subjects and links as rows of subjects, new ones appended."""
        lay, n = self.layout.feeds[batch.feed], len(batch)
        rows = np.zeros((n, lay.width), np.int32)
        rows[:, ORDER : ORDER + 2] = batch.order.view(np.int32).reshape(n, 2)
        rows[:, DELIVERY] = batch.delivery if batch.deliveries is None else batch.deliveries
        rows[:, ROW] = batch.row
        rows[:, SUBJECT] = self._subject_rows(lay.kind, batch.subject, batch)
        rows[:, NEXT] = -1
        rows[:, FLAGS] = batch.flags.astype(np.int32) | (batch.source << 8)
        if lay.valid >= 0:
            rows[:, lay.valid] = batch.valid_from
            rows[:, lay.valid + 1] = batch.valid_to
        for name, lane in lay.links.items():
            rows[:, lane] = self._subject_rows(self.layout.links[name].target, batch.links[name], batch)
        for name, (lane, wide) in lay.lanes.items():
            column = batch.values[name]
            codes = self._codes(lay, name)
            if codes is not None:
                column = self._recode(column, batch.dictionaries.get(name, ()), codes, lay.feed.fields[name].type)
            if wide:
                rows[:, lane : lane + 2] = np.ascontiguousarray(column).view(np.int32).reshape(n, 2)
            else:
                rows[:, lane] = np.where(column == MISSING, MISSING32, column)
        if lay.identity >= 0 and batch.identity is not None:
            rows[:, lay.identity : lay.identity + 2] = np.ascontiguousarray(batch.identity).view(np.int32).reshape(n, 2)
        return rows

    def _subject_rows(self, kind: int, tokens: UInt64, batch: RecordBatch) -> Int32:
        """Rows of the subjects that a batch's tokens name."""
        if self.identities:
            tokens = self.identities.named_tokens(kind, tokens, (batch.feed, batch.source), batch.key)
        return self.entities(kind, tokens)

    def _codes(self, lay: FeedLayout, name: str) -> Codes | None:
        match lay.feed.fields[name].type:
            case FieldType.TEXT:
                return self.texts
            case FieldType.DIVISION:
                return self.divisions
            case _:
                return None

    @staticmethod
    def _recode(column: Int64, dictionary: tuple[str, ...], codes: Codes, kind: FieldType) -> Int64:
        if not dictionary:
            return column
        table = np.array([codes.code(significant(t) if kind is FieldType.DIVISION else t) for t in dictionary], np.int64)
        has_value = column != MISSING
        return np.where(has_value, table[np.where(has_value, column, 0)], MISSING)

    def stage_records(self, lay: FeedLayout, rows: Int32, place: Int32) -> StagedRows:
        """Stages records (``rows`` as in the arena) as they will be, with the seeds of the change; they wait for ``commit``."""
        return self.with_seeds(StagedRows(lay, rows, np.arange(len(rows), dtype=np.int32), place, len(rows), rows[:0, 0], rows[:0, 0], 0))

    def with_seeds(self, staged: StagedRows) -> StagedRows:
        """The staged rows with the seeds of their change."""
        room = 8 * staged.count + 64
        while True:
            staged.sites, staged.entities = np.empty(room, np.int32), np.empty(room, np.int32)
            staged.seeds = seeds_of_rows(
                staged.rows, staged.picked, staged.place, staged.count, self.arenas[staged.lay.position],
                self.layout.lays[staged.lay.position], self.head_tables, self.layout.link_rows, staged.lay.position,
                len(self.arenas), staged.sites, staged.entities,
            )  # fmt: skip
            if staged.seeds <= room:
                return staged
            room = staged.seeds

    def commit(self, staged: StagedRows) -> None:
        """Writes the staged rows."""
        at = staged.lay.position
        commit_rows(
            staged.rows, staged.picked, staged.place, staged.count, self.arenas[at], self.layout.lays[at], self.head_tables,
            self.layout.link_rows, at,
        )  # fmt: skip

    def standing(self, feed: int, records: Int32, count: int) -> tuple[Int32, Int32, int]:
        """Seeds of records as they are."""
        room = 8 * count + 64
        while True:
            sites, entities = np.empty(room, np.int32), np.empty(room, np.int32)
            n = seeds_of_records(
                records, count, self.arenas[feed], self.layout.lays[feed], self.head_tables, self.layout.link_rows, feed,
                len(self.arenas), sites, entities,
            )  # fmt: skip
            if n <= room:
                return sites, entities, n
            room = n

    def older(self, feed: int, source: int, delivery: int, *, dry: bool) -> tuple[Int32, int]:
        """The records that a full replacement withdraws (dry); or hides them and raises the floor."""
        out = np.empty(self.counts[feed] if dry else 0, np.int32)
        n = withdraw_older(
            self.arenas[feed], self.counts[feed], source, delivery, self.layout.lays[feed], self.head_tables, self.layout.link_rows,
            feed, out, dry,
        )  # fmt: skip
        if not dry:
            self.floors[feed, source] = max(delivery, self.floors.get((feed, source), 0))
        return out, n

    def record_count(self, feed: int, source: int) -> int:
        """How many records of a source are in force."""
        flags = self.arenas[feed][: self.counts[feed], FLAGS]
        return int(np.count_nonzero(((flags >> 8) == source) & ((flags & (DELETED | HIDDEN)) == 0)))

    def placements(self, kind: int, day: int) -> Int32:
        """Division code of every subject of a kind: -1 unplaced, -2 not registered."""
        out = np.full(self.sizes[kind], -2, np.int32)
        name = self.layout.registers[kind]
        if name is None:
            return out
        lay = self.layout.feeds[name]
        lane = lay.lanes[lay.feed.division][0] if lay.feed.division else -1
        read_placements(out, self.sizes[kind], self.arenas[lay.position], lay.valid, self.heads[kind], lay.head, lane, day)
        return out

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """All of it for a checkpoint, trimmed, but for the dictionaries (``meta``) and the indexes, which ``restore`` makes anew."""
        out: dict[str, np.ndarray[Any, Any]] = {}
        for name, lay in self.layout.feeds.items():
            out[f"arena.{name}"] = self.arenas[lay.position][: self.counts[lay.position]]
        for kind, word in enumerate(KINDS):
            out[f"tokens.{word}"] = self.tokens[kind][: self.sizes[kind]]
            out[f"heads.{word}"] = self.heads[kind][: self.sizes[kind]]
        return out | self.versions.arrays(list(self.layout.feeds))

    def meta(self) -> dict[str, Any]:
        return {
            "texts": list(self.texts.texts),
            "divisions": list(self.divisions.texts),
            "floors": [[feed, source, floor] for (feed, source), floor in sorted(self.floors.items())],
            "identities": self.identities.meta(),
            "open": self.versions.meta(),
            "semantics": self.layout.semantics,
        }

    def restore(self, arrays: Mapping[str, np.ndarray[Any, Any]], meta: Mapping[str, Any]) -> None:
        """Takes over what ``arrays`` and ``meta`` gave."""
        for name, lay in self.layout.feeds.items():
            rows = arrays[f"arena.{name}"]
            at = lay.position
            self.counts[at] = 0
            self.reserve_records(at, len(rows) + _START)
            self.arenas[at][: len(rows)] = rows
            self.counts[at] = len(rows)
            index_records(self.record_slots[at], self.arenas[at], self.counts[at])
        for kind, word in enumerate(KINDS):
            tokens, heads = arrays[f"tokens.{word}"], arrays[f"heads.{word}"]
            self.sizes[kind] = 0
            self.reserve_entities(kind, len(tokens) + _START)
            self.tokens[kind][: len(tokens)] = tokens
            self.heads[kind][: len(heads)] = heads
            self.sizes[kind] = len(tokens)
            index_entities(self.entity_slots[kind], self.tokens[kind], self.sizes[kind])
        self.texts, self.divisions = Codes.restore(meta["texts"]), Codes.restore(meta["divisions"])
        self.floors = {(feed, source): floor for feed, source, floor in meta["floors"]}
        self.identities = IdentityDecisions.restore(meta.get("identities"))
        self.versions = Versions.restore(list(self.layout.feeds), arrays, meta.get("open", ()))
        self.layout = replace(self.layout, semantics=meta.get("semantics", 1))
        if "open" not in meta:  # such an old state kept the versions of hidden records
            for lay in self.layout.feeds.values():
                lower_hidden(self.arenas[lay.position], self.counts[lay.position])
        self.rebuild_tables()
