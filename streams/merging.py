"""The merger: what the shards found, as one stream of lines in the one total order, and one stream of editions for each policy.

The one idea: a message is told when every shard that had a part in it has done it, and never before the one in front; so what comes out is
what one embedded host would have said. Where a subject moved between partitions in one message, one left her and the other took her: one
line, ``changed`` where she stays on a list (it may be nothing but who looks after her).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from matchers.batch import Int32, UInt8
from matchers.changes import Open
from streams.book import Book
from streams.editions import ALL, Ledger
from streams.errors import Unreadable
from streams.folds import Outgoing, dead
from streams.instructions import instructions_plain, instructions_read
from streams.lines import Head, Lines, lines
from streams.manifests import plain_change, whole_change
from streams.orders import Found, Note, decode_report, encode_found
from streams.ports import Arrays
from streams.wire import decode_changes, encode_changes, encode_edition

Ints: TypeAlias = npt.NDArray[np.int64]

ENDED = 50
"""So many messages that people waited for are said again."""


class Progress(NamedTuple):
    """How many shards have done the message at ``offset``, ``of`` how many concerned."""

    offset: int
    done: int
    of: int


class Merger:
    """The fold of the lines topic.

    Args:
        partitions: of the orders topic.
    """

    def __init__(self, partitions: int, kept: tuple[dict[str, Any], Arrays] | None = None) -> None:
        self.offset = -1
        self.counts: Counter[str] = Counter()
        self.done = [0] * partitions
        """The last order each partition has done."""
        self.told = self.noted = -1
        """The last message told, and the last one noted."""
        self.notes: dict[int, Note] = {}
        self.found: dict[int, list[Found]] = {}
        self.shards: dict[str, int] = {}
        self.ledgers: dict[str, Ledger] = {}
        self.versions: dict[str, dict[int, tuple[str, str]]] = {}
        """Agency and digest of every version of a policy."""
        self.since: dict[str, list[Lines]] = {}
        """What was told of a policy since its last edition, among lines of others."""
        self.book = Book()
        self.ended: dict[str, Progress] = {}
        """The last few that people waited for and that are told: whoever goes on from here says them again."""
        self._passed: dict[str, Progress] = {}
        if kept is not None:
            self._restore(*kept)

    def take(self, body: bytes, offset: int) -> list[Outgoing]:
        self.offset = offset
        try:
            report = decode_report(body)
        except Unreadable as error:
            self.counts["refused"] += 1
            return [dead(error, body, "lines", 0, offset)]
        match report:
            case Note():
                if report.offset != self.noted + 1:
                    self.counts["early"] += report.offset > self.noted
                    return []
                self.noted = report.offset
                self.notes[report.offset] = report
                self.shards |= report.shards
                if report.version is not None:
                    policy, version, *facts = report.version
                    self.versions.setdefault(policy, {})[version] = (facts[0], facts[1])
            case Found():
                if report.number != self.done[report.partition] + 1:
                    self.counts["early"] += report.number > self.done[report.partition]
                    return []
                self.done[report.partition] = report.number
                if len(report.lines) or report.seen:
                    self.found.setdefault(report.lines.offset, []).append(report)
        return [outgoing for _ in iter(self._ready, False) for outgoing in self._next()]

    def waiting(self) -> dict[str, Progress]:
        """What is not told yet and people wait for, by its label."""
        return {note.label: self._progress(note) for note in self.notes.values() if note.label is not None}

    def _progress(self, note: Note) -> Progress:
        concerned = [partition for partition in self.shards.values() if partition in note.last]
        done = sum(self.done[partition] >= note.last[partition] for partition in concerned)
        return Progress(note.offset, done, len(concerned))

    @property
    def erased(self) -> int:
        return 0

    def passing(self) -> list[Outgoing]:
        """How far everything has come that people wait for, where that is not what was said last."""
        now = self.ended | self.waiting()
        told = {name: one for name, one in now.items() if self._passed.get(name) != one}
        self._passed = now
        return [Outgoing("progress", 0, name, "progress", json.dumps(one._asdict()).encode()) for name, one in sorted(told.items())]

    def _ready(self) -> bool:
        note = self.notes.get(self.told + 1)
        return note is not None and all(self.done[partition] >= number for partition, number in note.last.items())

    def _next(self) -> list[Outgoing]:
        """The next message, told."""
        self.told += 1
        note, found = self.notes.pop(self.told), self.found.pop(self.told, [])
        if note.label is not None:
            self.ended.pop(note.label, None)
            self.ended[note.label] = self._progress(note)
            for name in list(self.ended)[:-ENDED]:
                del self.ended[name]
        merged = self.book.take(note.instructions, merge(found, self.told), tuple(one for report in _sorted(found) for one in report.seen))
        facts = {} if note.closes is None else {"closes": note.closes}
        out = []
        if len(merged) or note.closes:
            out.append(Outgoing("changes", 0, str(self.told), "changes", encode_changes(merged), facts))
        self.counts["lines"] += len(merged)
        for policy in {name for name, *_ in merged.heads}:
            self.since.setdefault(policy, []).append(merged)
        for policy in sorted(self.since) if note.closes == ALL else [note.closes] if note.closes else []:
            out += self._closed(policy)
        return out

    def _closed(self, policy: str) -> list[Outgoing]:
        """The edition of a policy that ends with the message told last; none where nothing differs."""
        since = [change for lines in self.since.pop(policy, ()) for change in lines.of(policy)]
        edition = (
            self.ledgers.setdefault(policy, Ledger()).closed(policy, since, self.told, self.versions.get(policy, {})) if since else None
        )
        if edition is None:
            return []
        facts = {"policy": policy, "number": str(edition.number), "manifest": edition.manifest.digest}
        return [Outgoing("editions", 0, f"{policy}.{edition.number}", "edition", encode_edition(edition), facts)]

    def counted(self) -> Counter[str]:
        return self.counts

    def gauged(self) -> dict[tuple[str, ...], float]:
        return {("waiting_shards", name): one.of - one.done for name, one in self.waiting().items()}

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _since(self) -> dict[int, tuple[list[str], Lines]]:
        """Lines no edition has taken in yet, by their message: for which policies."""
        found: dict[int, tuple[list[str], Lines]] = {}
        for policy, since in self.since.items():
            for one in since:
                found.setdefault(one.offset, ([], one))[0].append(policy)
        return dict(sorted(found.items()))

    def arrays(self) -> Arrays:
        listed = {policy: [plain_change(change) for change in one.listed.values()] for policy, one in self.ledgers.items()}
        waiting = [one for found in self.found.values() for one in found]
        bodies = {f"since.{place}": encode_changes(lines) for place, (_, lines) in enumerate(self._since().values())}
        bodies |= {f"found.{place}": encode_found(found) for place, found in enumerate(waiting)}
        bodies["listed"] = json.dumps(listed, ensure_ascii=False, separators=(",", ":")).encode()
        return {name: np.frombuffer(body, np.uint8) for name, body in bodies.items()}

    def meta(self) -> dict[str, Any]:
        notes = [[n.offset, sorted(n.last.items()), n.closes, n.label, instructions_plain(n.instructions)] for n in self.notes.values()]
        return {
            "offset": self.offset, "done": self.done, "told": self.told, "noted": self.noted, "notes": notes, "shards": self.shards,
            "ledgers": {policy: [one.number, one.last, one.digest] for policy, one in self.ledgers.items()},
            "versions": {policy: sorted(versions.items()) for policy, versions in self.versions.items()},
            "ended": list(self.ended.items()), "since": [policies for policies, _ in self._since().values()],
            "found": sum(map(len, self.found.values())), "book": self.book.meta(),
        }  # fmt: skip

    def _restore(self, meta: Mapping[str, Any], arrays: Arrays) -> None:
        self.offset, self.done, self.told, self.noted = meta["offset"], list(meta["done"]), meta["told"], meta["noted"]
        self.book = Book.restored(meta["book"])
        for offset, last, closes, label, told in meta["notes"]:
            self.notes[offset] = Note(offset, dict(last), closes, label, instructions=instructions_read(told))
        self.shards = dict(meta["shards"])
        self.versions = {
            policy: {number: (agency, digest) for number, (agency, digest) in versions} for policy, versions in meta["versions"].items()
        }
        self.ended = {name: Progress(*one) for name, one in meta["ended"]}
        for place, policies in enumerate(meta["since"]):
            told = decode_changes(arrays[f"since.{place}"].tobytes())
            for policy in policies:
                self.since.setdefault(policy, []).append(told)
        for place in range(meta["found"]):
            found = decode_report(arrays[f"found.{place}"].tobytes())
            assert isinstance(found, Found)
            self.found.setdefault(found.lines.offset, []).append(found)
        for policy, changes in json.loads(arrays["listed"].tobytes()).items():
            self.ledgers[policy] = Ledger({change.subject: change for change in map(whole_change, changes)}, *meta["ledgers"][policy])


def _sorted(found: Sequence[Found]) -> list[Found]:
    """Whoever was first: the same bytes."""
    return sorted(found, key=lambda one: (one.partition, one.number))


def merge(found: Sequence[Found], offset: int) -> Lines:
    """The lines of one message, from what each partition found: in the order in which one host would have told them."""
    if not found:
        return lines((), offset)
    found = _sorted(found)
    heads: dict[Head, int] = {}
    opens: dict[Open, int] = {}
    head = np.concatenate([np.array([heads.setdefault(h, len(heads)) for h in f.lines.heads], np.int32)[f.lines.head] for f in found])
    open = np.concatenate([np.array([opens.setdefault(o, len(opens)) for o in f.lines.opens], np.int32)[f.lines.open] for f in found])
    was = np.concatenate([_places(f.lines, opens) for f in found])
    subject, before, after = (np.concatenate([getattr(f.lines, name) for f in found]) for name in ("subject", "before", "after"))
    shard = np.repeat([f.partition for f in found], [len(f.lines) for f in found])
    names = sorted({name for name, *_ in heads})
    day = np.array([d.toordinal() for _, _, d, _ in heads], np.int32)[head]
    policy = np.array([names.index(name) for name, *_ in heads], np.int32)[head]
    order = np.lexsort((shard, subject, policy, day))
    same = (np.diff(subject[order]) == 0) & (np.diff(policy[order]) == 0) & (np.diff(day[order]) == 0)
    if same.any():
        order = _once(order, same, shard, before, after, was)
    columns = (head[order], open[order], subject[order], before[order], after[order], was[order])
    return Lines(offset, list(heads), list(opens), *columns)


def _places(lines: Lines, opens: Mapping[Open, int]) -> Int32:
    """What was open of those who left, as places among all."""
    if lines.was is None:
        return np.full(len(lines), -1, np.int32)
    of = np.array([*(opens[one] for one in lines.opens), -1], np.int32)
    return of[lines.was]


def _once(order: Ints, same: npt.NDArray[np.bool_], shard: Ints, before: UInt8, after: UInt8, was: Int32) -> Ints:
    """One row of each line told several times: by one partition in parts, or by the one that lost her and the one that has her now.

    ``before`` of the row that stays is made that of them all, and so is what was open.
    """
    kept = []
    for group in np.split(order, np.flatnonzero(~same) + 1):
        rows = group.tolist()
        firsts = [row for place, row in enumerate(rows) if place == 0 or shard[rows[place - 1]] != shard[row]]
        lasts = [row for place, row in enumerate(rows) if place + 1 == len(rows) or shard[rows[place + 1]] != shard[row]]
        first = max(firsts, key=lambda row: int(before[row]))
        stays = max(lasts, key=lambda row: int(after[row]))
        if before[first] or after[stays]:
            before[stays], was[stays] = before[first], was[first] if not after[stays] else -1
            kept.append(stays)
    return np.array(kept, np.int64)
