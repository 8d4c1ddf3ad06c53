"""A research snapshot is released by two people, for a reason, on record; and its key goes when it goes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from connectors.analysts.release_tokens import ReleaseTokens
from infra.workspace.releases import release_keys
from infra.workspace.workspace import Workspace
from policies.problems.problems import Conflict, HuiminError
from policies.values import Kind
from services.exports.releases import forget_keys_of_gone_snapshots, release_snapshot, released_files
from services.exports.snapshots import CreatedSnapshot, snapshots

TODAY = date(2026, 10, 16)


def release(
    workspace: Workspace, out: Path | None = None, by: str = "王芳", approved_by: str = "李强", reason: str = "研究"
) -> CreatedSnapshot:
    return release_snapshot(workspace, by, approved_by, reason, TODAY, out)


@pytest.mark.parametrize(
    ("by", "approved_by", "reason"),
    [
        ("王芳", "王芳", "研究"), ("Wang Fang", "ＷＡＮＧ·fang", "研究"), ("王芳", "", "研究"), ("王芳", "李强", " "),
        ("王芳", "李强", "查 310107 1950 0101 0078"),
    ],
)  # fmt: skip
def test_nobody_releases_alone_or_without_a_reason(workspace: Workspace, by: str, approved_by: str, reason: str) -> None:
    """Another spelling is no other person, and a reason holds nobody's number; nothing is written, and nothing is on record."""
    with pytest.raises(Conflict):
        release(workspace, None, by, approved_by, reason)

    assert snapshots(workspace) == [] and not release_keys(workspace)


def test_a_release_is_on_record(workspace: Workspace, tmp_path: Path) -> None:
    """Who, with whose approval, when, why and which digest; one that was written elsewhere as well, without its key."""
    here, elsewhere = release(workspace), release(workspace, tmp_path / "given.duckdb", "赵六", "钱七", "报告")
    first, second = snapshots(workspace)

    assert here.released is not None and elsewhere.released is not None
    assert first.file == here.file.name and first.bytes == here.file.stat().st_size and first.release is not None
    assert (first.release.by, first.release.approved_by, first.release.on, first.release.reason) == ("王芳", "李强", "2026-10-16", "研究")
    assert first.release.digest == here.released.digest and first.release.snapshot == here.released.snapshot
    assert second.file == str(elsewhere.file) and second.bytes is None and second.release is not None and second.release.by == "赵六"
    assert list(release_keys(workspace)) == [here.released.snapshot] and set(released_files(workspace)) == {
        f"snapshots/{here.file.name}",
        str(elsewhere.file),
    }
    assert here.released.can_be_scrubbed and not elsewhere.released.can_be_scrubbed


def test_the_register_tells_when_it_was_changed(workspace: Workspace) -> None:
    """A changed line is an error with the way out; nobody releases anything until it is mended."""
    release(workspace)
    path = workspace.root / "releases.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("王芳", "王方"), encoding="utf-8")

    with pytest.raises(HuiminError, match=r"releases\.jsonl"):
        snapshots(workspace)
    with pytest.raises(HuiminError, match=r"releases\.jsonl"):
        release(workspace)


def test_the_key_is_sealed_and_goes_with_its_snapshot(workspace: Workspace) -> None:
    """It stays while the snapshot is anywhere in the workspace, under any name."""
    created = release(workspace)
    assert created.released is not None
    (key,) = release_keys(workspace).values()
    moved = workspace.folder("exports") / "mine.duckdb"

    assert all(key not in path.read_bytes() for path in workspace.root.rglob("*") if path.is_file())
    created.file.rename(moved)
    forget_keys_of_gone_snapshots(workspace)
    assert list(release_keys(workspace)) == [created.released.snapshot]
    moved.unlink()
    forget_keys_of_gone_snapshots(workspace)
    assert not release_keys(workspace) and snapshots(workspace)[0].release is not None


def test_only_the_key_leads_from_a_person_to_their_row(workspace: Workspace) -> None:
    """With it the token of a person gives the one in the snapshot; without it no token of the workspace is in the file."""
    created = release(workspace)
    (key,) = release_keys(workspace).values()
    with workspace.reading() as host:
        tokens = host.state.matcher.store.tokens[0][: host.state.matcher.store.sizes[0]].tolist()  # type: ignore[attr-defined]  # the matcher
    with duckdb.connect(str(created.file), read_only=True) as con:
        persons = {token for (token,) in con.sql("SELECT subject FROM persons").fetchall()}

    assert {f"{ReleaseTokens(key).token(Kind.PERSON, token):016x}" for token in tokens} == persons
    assert not {f"{token:016x}" for token in tokens} & persons
