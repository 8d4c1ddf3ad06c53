"""A request that writes is carried out once, however often it comes with the same Idempotency-Key.

Before anything is done, a file notes the request and the state upon which it decides. Every decision made for it carries a stamp of that
note, so a second attempt after a crash gets the receipts of the first (``streams.served.served_host``), and goes on behind it. Once it is
done, the file holds the answer, which repeats get. Source: the IETF draft "The Idempotency-Key HTTP Header Field".
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

from console.api.answers import Answer
from console.api.problems import NO_KEY, OTHER_REQUEST, ApiProblem
from console.api.request_context import RequestContext
from infra.workspace.serving import SERVICE
from streams.disk.files import make_folder, private, write_whole
from streams.language.errors import RepeatedDecision
from streams.ledgers.decisions import stamping

FOLDER = "requests"
DAYS = 7
"""So long the answers are kept."""
LONGEST = 1 << 18
"""A longer answer is not kept; its request is carried out again, which a service that writes must bear."""
_KEY = re.compile(r"[\x21-\x7e]{8,128}")


@dataclass(frozen=True, slots=True)
class _Note:
    """What is known of a request: the stamp of its decisions, and its answer if it is done."""

    request: str
    at: int
    word: str
    answer: Answer | None


def once(context: RequestContext, key: str | None, name: str, parameters: Mapping[str, Any], run: Callable[[], Answer]) -> Answer:
    """The answer of ``run``, which is called unless the request was done before.

    Raises:
        ApiProblem: there is no key, or it was used for another request.
    """
    if key is None or not _KEY.fullmatch(key):
        raise ApiProblem(400, "idempotency-key", NO_KEY)
    facts = sorted((k, _content(Path(v)) if k == "file" else repr(v)) for k, v in parameters.items())
    request = hashlib.sha256(repr((name, facts)).encode()).hexdigest()
    name_of_key = hashlib.sha256(repr((context.account, key)).encode()).hexdigest()[:32]
    make_folder(folder := context.workspace.root / SERVICE / FOLDER)
    path = folder / f"{name_of_key}.json"
    with open(folder / f"{name_of_key}.lock", "ab", opener=private) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        note = _read(path)
        if note is None:
            note = _Note(request, context.offset(), token_hex(8), None)
            _write(path, note)
        elif note.request != request:
            raise ApiProblem(422, "idempotency-key-reused", OTHER_REQUEST)
        elif note.answer is not None:
            return note.answer.with_header("Idempotency-Replayed", "true")
        try:
            with stamping(note.at, note.word):
                answer = run()
        except RepeatedDecision:
            answer = Answer(200, b'{"repeated":true}')
        except BaseException:
            path.unlink(missing_ok=True)  # refused: the same key may be used for a mended request
            raise
        _write(path, _Note(request, note.at, note.word, answer if len(answer.body) <= LONGEST else None))
    return answer


def _content(path: Path) -> str:
    """The digest of a file that came in the body."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, note: _Note) -> None:
    answer = note.answer
    plain = {"request": note.request, "at": note.at, "word": note.word}
    if answer is not None:
        plain["answer"] = {"status": answer.status, "kind": answer.kind, "body": answer.body.decode(), "headers": answer.headers}
    write_whole(path, json.dumps(plain, ensure_ascii=False))


def _read(path: Path) -> _Note | None:
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    answer = plain.get("answer")
    headers = () if answer is None else tuple((name, value) for name, value in answer["headers"])
    answer_before = None if answer is None else Answer(answer["status"], answer["body"].encode(), answer["kind"], headers)
    return _Note(plain["request"], plain["at"], plain["word"], answer_before)


def forget_old(root: Path, now: float | None = None) -> int:
    """Removes notes older than ``DAYS``; returns how many."""
    before, removals = (time.time() if now is None else now) - DAYS * 86_400, 0
    for path in (root / SERVICE / FOLDER).glob("*"):
        if os.stat(path).st_mtime < before:
            path.unlink(missing_ok=True)
            removals += 1
    return removals
