"""Releases of research snapshots: two people give out rows about people, for a reason, on record.

``huimin snapshot create --grade research`` calls ``release_snapshot``, ``huimin snapshot list`` shows the releases. The register is written
before the file takes its place: no released file is without its note.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import replace
from datetime import date
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from infra.workspace.releases import (
    RELEASED,
    SCRUBBED,
    ReleaseNote,
    forget_release_key,
    is_inside,
    path_in_register,
    register,
    release_keys,
    write_release_key,
)
from policies.language.people import check_people
from policies.problems.problems import Conflict, HuiminError
from policies.values import Text
from services.access.run import show
from services.exports.analysis import analysis_refusal
from services.exports.analyst_counts import count_tables
from services.exports.snapshot_comments import table_comments
from services.exports.snapshot_files import SnapshotFormat, snapshot_destination, write_file
from services.exports.snapshots import CreatedSnapshot, ReleasedRows
from streams.disk.files import put_in_place, remove

if TYPE_CHECKING:
    from connectors.analysts.anonymity import Anonymity
    from infra.workspace.workspace import Workspace
    from streams.host import Host

GRADE, FORMAT = "research", "3"
_NUMBER = re.compile(r"\d{15}")


def release_snapshot(
    workspace: Workspace, by: str, approved_by: str, reason: str, today: date, out: Path | None = None, format: SnapshotFormat = "duckdb"
) -> CreatedSnapshot:
    """Writes a research snapshot and notes its release.

    Args:
        out: by default in ``snapshots``, under the day and the number of the last message. A snapshot elsewhere cannot be scrubbed when a
            person is erased, and nobody keeps its key.

    Raises:
        Conflict: one person decides alone; there is no reason, or it holds somebody's number; something that is no snapshot is at the path.
    """
    check_people(by, approved_by)
    _check_reason(reason)
    with workspace.reading() as host:
        usual = workspace.folder("snapshots") / f"{host.state.day}-{host.state.offset}-{GRADE}"
        path = snapshot_destination(usual, out, format)
        show(None, ())
        return _release(workspace, host, path, by, approved_by, reason, today)


def _release(workspace: Workspace, host: Host, path: Path, by: str, approved_by: str, reason: str, today: date) -> CreatedSnapshot:
    from connectors.analysts.release_tokens import KEY_BYTES, ReleaseTokens
    from connectors.analysts.snapshot import snapshot_facts, verify_snapshot

    key, inside = secrets.token_bytes(KEY_BYTES), is_inside(workspace, path)
    name, staged = ReleaseTokens(key).snapshot, path.with_name(f"{path.stem}.unreleased{path.suffix}")
    if inside:
        write_release_key(workspace, name, key)
    try:
        measured = write_research_snapshot(host, staged, key)
        tables, facts = verify_snapshot(staged), snapshot_facts(staged)
        note = ReleaseNote(
            RELEASED, name, GRADE, path_in_register(workspace, path), facts["day"], int(facts["offset"]), by, approved_by, reason,
            today.isoformat(), facts["digest"],
        )  # fmt: skip
        register(workspace).add(note)
        put_in_place(staged, path)
    finally:
        remove(staged)
        forget_keys_of_gone_snapshots(workspace)
    return CreatedSnapshot(path, tables, ReleasedRows(name, note.digest, measured, _feeds_left_out(host), inside))


def write_research_snapshot(host: Host, path: Path, key: bytes) -> Anonymity:
    """Writes a research snapshot of a host, a function of state and key; returns the measured classes of people.

    All of it is of one offset, that of the reader's state, whatever a writer commits meanwhile.
    """
    from connectors.analysts.release_tokens import ReleaseTokens
    from services.exports.research_lists import verdict_counts
    from services.exports.research_tables import ResearchTables

    tokens = ReleaseTokens(key)
    tables = ResearchTables(host, tokens)
    tables.about |= {"format": FORMAT, "grade": GRADE, "snapshot": tokens.snapshot}
    every_table = chain(tables, count_tables(host))
    comments = table_comments(host.state.catalogue)
    write_file(path, every_table, {"verdicts": verdict_counts(host)}, tables.about, comments, has_views=True)
    assert tables.anonymity is not None  # all tables were written
    return tables.anonymity


def forget_keys_of_gone_snapshots(workspace: Workspace) -> None:
    """Removes the keys of snapshots that are not in the workspace any more, wherever in it they were moved."""
    from connectors.analysts.snapshot import snapshot_facts

    keys = release_keys(workspace)
    if not keys:
        return
    notes = register(workspace).read()
    stay = {note.snapshot for note in notes if note.event == RELEASED and (workspace.root / note.file).is_dir()}
    for path in (*workspace.root.rglob("*.duckdb"), *(path for path in workspace.root.rglob("*.parquet") if path.is_dir())):
        try:
            stay.add(snapshot_facts(path).get("snapshot", ""))
        except (HuiminError, OSError):
            return  # it may be any of them
    for name in keys.keys() - stay:
        forget_release_key(workspace, name)


def note_scrubbed_snapshots(workspace: Workspace, today: date) -> None:
    """Notes the new digest of every released snapshot that an erasure has changed."""
    from connectors.analysts.snapshot import snapshot_facts

    last = {note.snapshot: note for note in register(workspace).read()}
    for note in last.values():
        path = workspace.root / note.file
        if not path.exists() or not is_inside(workspace, path):
            continue
        try:
            facts = snapshot_facts(path)
        except (HuiminError, OSError):  # the erasure has named it
            continue
        if facts.get("snapshot") == note.snapshot and facts["digest"] != note.digest:
            scrubbed = replace(note, event=SCRUBBED, on=today.isoformat(), digest=facts["digest"])
            register(workspace).add(scrubbed)


def released_files(workspace: Workspace) -> list[str]:
    """The files of all released snapshots, as the register has them: copies of them may be anywhere, where no erasure reaches them."""
    return sorted({note.file for note in register(workspace).read() if note.event == RELEASED})


def _feeds_left_out(host: Host) -> tuple[str, ...]:
    feeds = host.state.catalogue.feeds.values()
    return tuple(feed.name for feed in feeds if analysis_refusal(feed, host.state.day) is not None)


def _check_reason(reason: str) -> None:
    """A reason there must be, and no number of a person in it: the register is kept for good."""
    if not reason.strip():
        raise Conflict(Text("请写明交出的理由（--reason）。", "Say why it is released (--reason)."))
    if _NUMBER.search("".join(reason.split())):
        zh = "理由会永久登记，不能写身份号码一类的长号码。请改写。"
        en = "The reason is kept on record for good, so it may hold no long number such as a resident's. Write it otherwise."
        raise Conflict(Text(zh, en))
