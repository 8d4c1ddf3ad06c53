"""An agency's own topic: every edition of its lists as CloudEvents, one message a line and one that closes the edition.

Called by ``services.deliveries.exchange``. A topic names nobody, because anybody whom the broker admits may copy it. Subjects are tokens;
the agency looks them up in its exported list (``connectors.lists.lists``, column 代号/Token). A line tells the kind of its cause, but not
the record. Ids consist of policy, edition and place, so a message that is sent again after a crash is the same bytes, and a consumer that
remembers ids reads each once. An edition that is sent after an erasure is without the erased person; the agency erases what it was sent
before. If an edition was sent in part before the erasure, the rest is numbered by the remaining lines.

    key <policy>/<token>   cn.huimin.agency.line.v1      subject, change, status, checklist, missing, cause, day
    key <policy>           cn.huimin.agency.edition.v1   the number of lines by kind, and their digest; the digests of its
                                                         manifest and of the one before it, to notice a missing edition

Source: CloudEvents 1.0.2, JSON format and Kafka protocol binding (structured mode).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from connectors.kafka.broker import from_member
from connectors.kafka.rewritten_topics import InOrder, begins_run, edition_order
from connectors.kafka.topics import Headers, OffsetSpan, Post, Reading, Writing
from policies.problems.problems import HuiminError
from policies.values import Text
from streams.disk.files import text_at, write_whole
from streams.language.messages import CandidateChange
from streams.lists.editions import Edition
from streams.wire.cloudevents import SPECIFICATION
from streams.wire.seal import Seal
from streams.wire.wire import decode_edition

CONTENT = "application/cloudevents+json; charset=UTF-8"
LINE, CLOSE = "cn.huimin.agency.line.v1", "cn.huimin.agency.edition.v1"
MOST = 100
POLL_SECONDS = 0.1


class LostEditions(HuiminError):
    """The operator's: editions that were never sent are gone, or the mark is of another topic; 5."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 5)


@dataclass(frozen=True, slots=True)
class HighWaterMark:
    """The high-water mark of one agency: how far its editions were sent.

    Args:
        next: the next offset to read in the topic of editions.
        message, policy: the last edition that was handled. Editions have this order; one that is not greater is a repetition.
    """

    next: int
    message: int = -1
    policy: str = ""

    def passes(self, edition: Edition) -> bool:
        """Whether this edition was handled before."""
        return (edition.offset, edition.policy) <= (self.message, self.policy)


class MarkFile:
    """A mark in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> HighWaterMark | None:
        """The mark; None where nothing was sent yet.

        Raises:
            LostEditions: the file holds no mark.
        """
        try:
            facts = json.loads(text_at(self.path))
            return HighWaterMark(int(facts["next"]), int(facts["message"]), str(facts["policy"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, RecursionError):
            raise LostEditions(
                Text(
                    f"发送进度 {self.path} 已损坏。请恢复它，或删除它以从头发送：已发过的各期会以相同的 id 再发一次。",
                    f"The mark {self.path} is damaged. Restore it, or remove it: then all is sent again, with the same ids.",
                )
            ) from None

    def advance(self, mark: HighWaterMark) -> None:
        """Writes the mark; it is durable when this returns."""
        write_whole(self.path, json.dumps({"next": mark.next, "message": mark.message, "policy": mark.policy}))


@dataclass(slots=True)
class SentReport:
    """The counts of what was sent; and of what was not: editions of other agencies, and messages that no member sealed (``unproved``)."""

    editions: int = 0
    lines: int = 0
    others: int = 0
    unproved: int = 0


def send(
    reading: Reading,
    writing: Writing,
    place: MarkFile,
    seal: Seal,
    belongs: Callable[[Edition], bool],
    stop: Callable[[], bool],
    once: bool = False,
) -> SentReport:
    """Sends an agency the editions of its policies until ``stop`` says so; with ``once`` only up to the present end.

    Args:
        reading: the topic of editions, of one partition.
        seal: of the network.
        belongs: whether an edition is of this agency; may raise for an unknown policy.

    Raises:
        LostEditions: editions were never sent and are gone. Unreadable, NewerFormat: one cannot be read. NoTopic, NoAnswer: the broker.
    """
    report, mark = SentReport(), place.read()
    span = reading.spans()[0]
    mark = HighWaterMark(span.first) if mark is None else mark
    lost = LostEditions(_lost(reading.name, place.path, mark.next, span))
    behind = mark.next < span.first  # no loss where the topic was rewritten (``connectors.kafka.rewritten_topics``)
    if mark.next > span.end or (behind and span.first == span.end):
        raise lost
    reading.begin({0: max(mark.next, span.first)})
    order = InOrder(edition_order, first=mark.next <= span.first)
    while not stop() and not (once and reading.positions()[0] >= span.end):
        for message in reading.poll(POLL_SECONDS, MOST):
            if not from_member(seal, "editions", message):
                report.unproved += 1
                continue
            if behind and not begins_run(message):
                raise lost
            behind = False
            for ready, following in order.take(message):
                edition, before = decode_edition(ready.value or b""), mark
                if mark.passes(edition):
                    mark = HighWaterMark(following, mark.message, mark.policy)
                else:
                    mine = belongs(edition)
                    if mine:
                        _send_edition(edition, writing)
                        report.editions += 1
                        report.lines += len(edition.changes)
                    report.others += not mine
                    mark = HighWaterMark(following, edition.offset, edition.policy)
                if mark != before:
                    place.advance(mark)
            if stop():
                break
    return report


def posts(edition: Edition) -> tuple[list[Post], Post]:
    """The messages of an edition: its lines, and the one that closes it; the same bytes every time."""
    lines = [
        _post(
            f"{edition.policy}/{change.subject:016x}", LINE, f"{edition.policy}.{edition.number}.{place}", edition, _line(edition, change)
        )
        for place, change in enumerate(edition.changes)
    ]
    digest = sha256()
    for line in lines:
        digest.update(line.value + b"\n")
    kinds = Counter(change.change for change in edition.changes)
    closing = {
        **_of(edition), "day": edition.day.isoformat(), "lines": len(lines), "entered": kinds["entered"], "left": kinds["left"],
        "changed": kinds["changed"], "digest": f"sha-256:{digest.hexdigest()}",
        "manifest": edition.manifest.digest, "before": edition.manifest.before or None,
    }  # fmt: skip
    return lines, _post(edition.policy, CLOSE, f"{edition.policy}.{edition.number}", edition, closing)


def _send_edition(edition: Edition, writing: Writing) -> None:
    """Sends an edition, first its lines and then the message that closes it; all is acknowledged when this returns."""
    lines, closing = posts(edition)
    for line in lines:
        writing.send(line)
    writing.flush()
    writing.send(closing)
    writing.flush()


def _of(edition: Edition) -> dict[str, Any]:
    return {"policy": edition.policy, "edition": edition.number}


def _line(edition: Edition, change: CandidateChange) -> dict[str, Any]:
    return {
        **_of(edition), "version": change.version, "subject": f"{change.subject:016x}", "change": change.change, "status": change.status,
        "before": change.before, "checklist": list(change.checklist),
        "missing": [{"criterion": criterion, "feed": feed} for criterion, feed in change.missing], "cause": change.cause.kind,
        "day": change.day.isoformat(),
    }  # fmt: skip


def _post(key: str, kind: str, id: str, edition: Edition, data: Mapping[str, Any]) -> Post:
    event: dict[str, Any] = {
        "specversion": SPECIFICATION, "id": id, "source": f"/huimin/policies/{edition.policy}", "type": kind,
        "datacontenttype": "application/json", "data": data,
    }  # fmt: skip
    headers: Headers = [("content-type", CONTENT.encode()), ("edition", str(edition.number).encode())]
    return Post(key.encode(), json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode(), headers)


def _lost(topic: str, path: Path, next: int, span: OffsetSpan) -> Text:
    return Text(
        f"主题 {topic} 现有 {span.first} 至 {span.end}，而 {path} 记着下一条是 {next}：主题被重建过，或进度不是这个主题的。"
        "请核对；删除该文件即从头发送，相同的期 id 相同。",
        f"{topic} holds {span.first} to {span.end}, but {path} says {next} comes next: the topic was made anew, or the mark is another's. "
        "Look at both; without the file everything is sent again, the same editions with the same ids.",
    )
