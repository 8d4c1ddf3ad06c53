"""The merger: puts the lines of all partitions back into the one total order, and closes the editions of each policy.

The lines of a message are told once all its partitions have done it, and after those of the message before. So the outputs are those of an
embedded host. If a subject moves between partitions, one reports that it left and the other that it entered; the merger makes one line,
``changed`` if the subject stays on the list (perhaps only its partition has changed).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from policies.values import Text
from streams.language.errors import InvalidSeal, Unreadable, decoding
from streams.language.folds import Outgoing, dead_letter, refusal_kind
from streams.language.ports import Arrays
from streams.lists.book import Book
from streams.lists.editions import ALL, EditionLedger
from streams.lists.instructions import EraseSubject, instructions_plain, instructions_read
from streams.lists.lines import Lines
from streams.lists.manifests import plain_change, whole_change
from streams.network.merging import in_order, merge
from streams.network.orders import MessageNote, PartitionLines, decode_report, encode_partition_lines
from streams.wire.wire import decode_changes, encode_changes, encode_edition

ENDED = 50
"""The progress of so many finished messages is announced again after a restart."""


class MessageProgress(NamedTuple):
    """How many shards have done the message at ``offset``, and how many (``of``) must do it. The fields are JSON keys."""

    offset: int
    done: int
    of: int


class Merger:
    """The fold of the lines topic.

    Args:
        partitions: of the orders topic.
    """

    def __init__(self, partitions: int, checkpoint: tuple[dict[str, Any], Arrays] | None = None) -> None:
        self.offset = -1
        self.counts: Counter[str] = Counter()
        self.last_done = [0] * partitions
        """By partition, the number of the last order that it has done."""
        self.last_told = self.last_noted = -1
        """The last message whose lines are told, and the last one with a note."""
        self.erasure_count = 0
        self.notes: dict[int, MessageNote] = {}
        self.waiting_lines: dict[int, list[PartitionLines]] = {}
        self.shards: dict[str, int] = {}
        self.ledgers: dict[str, EditionLedger] = {}
        self.versions: dict[str, dict[int, tuple[str, str]]] = {}
        """Agency and digest of every version of a policy."""
        self.since: dict[str, list[Lines]] = {}
        """By policy, the lines since its last edition; they hold lines of other policies too."""
        self.book = Book()
        self.ended: dict[str, MessageProgress] = {}
        """The last finished messages that people waited for; they are announced again after a restart."""
        self._announced: dict[str, MessageProgress] = {}
        if checkpoint is not None:
            with decoding(Text("汇总的状态", "the state of a merger")):
                self._restore(*checkpoint)

    def take(self, body: bytes, offset: int, seal_error: InvalidSeal | None = None) -> list[Outgoing]:
        self.offset = offset
        try:
            if seal_error is not None:
                raise seal_error
            report = decode_report(body)
        except Unreadable as error:
            self.counts[refusal_kind(error)] += 1
            return [dead_letter(error, body, "lines", 0, offset)]
        match report:
            case MessageNote():
                if report.offset != self.last_noted + 1:
                    self.counts["early" if report.offset > self.last_noted else "replayed"] += 1
                    return []
                self.last_noted = report.offset
                self.notes[report.offset] = report
                self.shards |= report.shards
                if report.version is not None:
                    version = report.version
                    self.versions.setdefault(version.policy, {})[version.number] = (version.agency, version.digest)
            case PartitionLines():
                if report.number != self.last_done[report.partition] + 1:
                    self.counts["early" if report.number > self.last_done[report.partition] else "replayed"] += 1
                    return []
                self.last_done[report.partition] = report.number
                if len(report.lines) or report.sightings:
                    self.waiting_lines.setdefault(report.lines.offset, []).append(report)
        return [outgoing for _ in iter(self._ready, False) for outgoing in self._next_outputs()]

    def waiting(self) -> dict[str, MessageProgress]:
        """The messages that people wait for, by label."""
        return {note.label: self._progress(note) for note in self.notes.values() if note.label is not None}

    def _progress(self, note: MessageNote) -> MessageProgress:
        partitions = [partition for partition in self.shards.values() if partition in note.last]
        done_count = sum(self.last_done[partition] >= note.last[partition] for partition in partitions)
        return MessageProgress(note.offset, done_count, len(partitions))

    def announcements(self) -> list[Outgoing]:
        """The progress of the messages that people wait for, as far as it has changed."""
        now = self.ended | self.waiting()
        news = {name: progress for name, progress in now.items() if self._announced.get(name) != progress}
        self._announced = now
        bodies = {name: json.dumps(progress._asdict()).encode() for name, progress in sorted(news.items())}
        return [Outgoing("progress", 0, name, "progress", body) for name, body in bodies.items()]

    def _ready(self) -> bool:
        note = self.notes.get(self.last_told + 1)
        return note is not None and all(self.last_done[partition] >= number for partition, number in note.last.items())

    def _next_outputs(self) -> list[Outgoing]:
        """The outputs of the next message."""
        self.last_told += 1
        note, reports = self.notes.pop(self.last_told), self.waiting_lines.pop(self.last_told, [])
        if note.label is not None:
            self.ended.pop(note.label, None)
            self.ended[note.label] = self._progress(note)
            for name in list(self.ended)[:-ENDED]:
                del self.ended[name]
        for instruction in note.instructions:
            if isinstance(instruction, EraseSubject):
                self._erase(instruction.subject)
        sightings = tuple(sighting for report in in_order(reports) for sighting in report.sightings)
        lines = self.book.take(note.instructions, merge(reports, self.last_told), sightings)
        facts = {} if note.closes is None else {"closes": note.closes}
        out = []
        if len(lines) or note.closes:
            out.append(Outgoing("changes", 0, str(self.last_told), "changes", encode_changes(lines), facts))
        self.counts["lines"] += len(lines)
        for policy in {name for name, *_ in lines.heads}:
            self.since.setdefault(policy, []).append(lines)
        for policy in sorted(self.since) if note.closes == ALL else [note.closes] if note.closes else []:
            out += self._close_edition(policy)
        return out

    def _erase(self, subject: int) -> None:
        """Removes a subject from the lists and blanks its lines of open editions."""
        self.erasure_count += 1
        for ledger in self.ledgers.values():
            ledger.listed.pop(subject, None)
        blank = {id(lines): lines.with_blanks(lines.subject == np.uint64(subject)) for since in self.since.values() for lines in since}
        self.since = {policy: [blank[id(lines)] for lines in since] for policy, since in self.since.items()}

    def _close_edition(self, policy: str) -> list[Outgoing]:
        """Closes the edition of a policy with the last message; nothing if the list has not changed."""
        since = [change for lines in self.since.pop(policy, ()) for change in lines.of(policy)]
        edition = (
            self.ledgers.setdefault(policy, EditionLedger()).close(policy, since, self.last_told, self.versions.get(policy, {}))
            if since
            else None
        )
        if edition is None:
            return []
        facts = {"policy": policy, "number": str(edition.number), "manifest": edition.manifest.digest}
        return [Outgoing("editions", 0, f"{policy}.{edition.number}", "edition", encode_edition(edition), facts)]

    def counters(self) -> Counter[str]:
        return self.counts

    def gauges(self) -> dict[tuple[str, ...], float]:
        return {("waiting_shards", name): progress.of - progress.done for name, progress in self.waiting().items()}

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _unclosed_lines(self) -> dict[int, tuple[list[str], Lines]]:
        """The lines that are in no edition yet, by message, each with its policies."""
        by_message: dict[int, tuple[list[str], Lines]] = {}
        for policy, since in self.since.items():
            for lines in since:
                by_message.setdefault(lines.offset, ([], lines))[0].append(policy)
        return dict(sorted(by_message.items()))

    def arrays(self) -> Arrays:
        lists = {policy: [plain_change(change) for change in ledger.listed.values()] for policy, ledger in self.ledgers.items()}
        waiting = [report for reports in self.waiting_lines.values() for report in reports]
        bodies = {f"since.{place}": encode_changes(lines) for place, (_, lines) in enumerate(self._unclosed_lines().values())}
        bodies |= {f"found.{place}": encode_partition_lines(report) for place, report in enumerate(waiting)}
        bodies["listed"] = json.dumps(lists, ensure_ascii=False, separators=(",", ":")).encode()
        return {name: np.frombuffer(body, np.uint8) for name, body in bodies.items()}

    def meta(self) -> dict[str, Any]:
        notes = [[n.offset, sorted(n.last.items()), n.closes, n.label, instructions_plain(n.instructions)] for n in self.notes.values()]
        return {
            "offset": self.offset, "done": self.last_done, "told": self.last_told, "noted": self.last_noted, "notes": notes,
            "shards": self.shards, "erased": self.erasure_count,
            "ledgers": {policy: [ledger.number, ledger.last, ledger.digest] for policy, ledger in self.ledgers.items()},
            "versions": {policy: sorted(versions.items()) for policy, versions in self.versions.items()},
            "ended": list(self.ended.items()), "since": [policies for policies, _ in self._unclosed_lines().values()],
            "found": sum(map(len, self.waiting_lines.values())), "book": self.book.meta(),
        }  # fmt: skip

    def _restore(self, meta: Mapping[str, Any], arrays: Arrays) -> None:
        self.offset, self.last_done, self.last_told, self.last_noted = meta["offset"], list(meta["done"]), meta["told"], meta["noted"]
        self.book, self.erasure_count = Book.restore(meta["book"]), meta["erased"]
        for offset, last, closes, label, plain in meta["notes"]:
            self.notes[offset] = MessageNote(offset, dict(last), closes, label, instructions=instructions_read(plain))
        self.shards = dict(meta["shards"])
        self.versions = {
            policy: {number: (agency, digest) for number, (agency, digest) in versions} for policy, versions in meta["versions"].items()
        }
        self.ended = {name: MessageProgress(*progress) for name, progress in meta["ended"]}
        for place, policies in enumerate(meta["since"]):
            lines = decode_changes(arrays[f"since.{place}"].tobytes())
            for policy in policies:
                self.since.setdefault(policy, []).append(lines)
        for place in range(meta["found"]):
            report = decode_report(arrays[f"found.{place}"].tobytes())
            assert isinstance(report, PartitionLines)
            self.waiting_lines.setdefault(report.lines.offset, []).append(report)
        for policy, changes in json.loads(arrays["listed"].tobytes()).items():
            self.ledgers[policy] = EditionLedger(
                {change.subject: change for change in map(whole_change, changes)}, *meta["ledgers"][policy]
            )
