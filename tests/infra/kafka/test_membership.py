"""The key of a network: where it comes from, who may read it, and that another one is noticed before anything is done with it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

import pytest

from infra.kafka import membership
from infra.kafka.connection import Connection
from infra.kafka.membership import CHECK, OldTopics, OtherKey, own_key, read_network_key, seal_of, write_network_key
from infra.settings import NETWORK_KEY, NETWORK_OPEN, BadSetting
from streams.wire.seal import OPEN, Seal

HERE = Connection(("127.0.0.1:9092", "localhost:9093", "[::1]:9094"))
THERE = Connection(("127.0.0.1:9092", "kafka-1.example:9092"))


class FakeProgressTopic:
    """The topic of progress, in the place of a broker's."""

    checks: ClassVar[set[str]] = set()
    old = False
    ours = False

    def __init__(self, client: Any, prefix: str, seal: Seal) -> None: ...

    def members(self) -> set[str]:
        return self.checks

    def of_old(self) -> bool:
        return self.old

    def has_ours(self) -> bool:
        return self.ours

    def announce(self, check: str) -> None:
        self.checks.add(check)


@pytest.fixture(autouse=True)
def topic(monkeypatch: pytest.MonkeyPatch) -> type[FakeProgressTopic]:
    """A topic on which nobody has said anything."""
    monkeypatch.setattr(membership, "ProgressTopic", FakeProgressTopic)
    monkeypatch.setattr(FakeProgressTopic, "checks", set())
    monkeypatch.setattr(FakeProgressTopic, "old", False)
    monkeypatch.setattr(FakeProgressTopic, "ours", False)
    return FakeProgressTopic


def environment_with_key(tmp_path: Path, name: str = "network.key") -> dict[str, str]:
    return {NETWORK_KEY: str(own_key(tmp_path) if name == "network.key" else _new_key(tmp_path / name))}


def _new_key(path: Path) -> Path:
    write_network_key(path)
    return path


def test_a_key_is_new_and_private(tmp_path: Path) -> None:
    """From its first byte, whatever the umask; never over something that is there."""
    path = tmp_path / "network.key"
    write_network_key(path)

    key = read_network_key(path)
    assert (len(key), path.stat().st_mode & 0o777) == (32, 0o600)
    with pytest.raises(BadSetting, match="is there already and was left as it is"):
        write_network_key(path)
    with pytest.raises(BadSetting, match="cannot be written"):
        write_network_key(tmp_path / "nowhere" / "key")
    assert read_network_key(path) == key != read_network_key(_new_key(tmp_path / "other"))
    assert own_key(tmp_path) == path


def test_a_file_that_is_no_key_is_refused(tmp_path: Path) -> None:
    """Missing, empty, of another length, no text, a folder, readable by others: a sentence with the way out, and nothing of the key."""
    path = tmp_path / "network.key"
    for content in (None, b"", b"00" * 31, b"00" * 33, b"zz" * 32, b"\xff" * 64):
        if content is not None:
            path.write_bytes(content)
            path.chmod(0o600)
        with pytest.raises(BadSetting, match="huimin kafka key FILE"):
            read_network_key(path)
    with pytest.raises(BadSetting, match="huimin kafka key FILE"):
        read_network_key(tmp_path)
    path.write_text("ab" * 32)
    for mode in (0o644, 0o640, 0o604, 0o660):
        path.chmod(mode)
        with pytest.raises(BadSetting, match=f"can be read by others .{mode:o}.. Run chmod 600") as refused:
            read_network_key(path)
        assert "abab" not in refused.value.text.en + refused.value.text.zh


def test_without_a_key_a_network_is_open_by_an_explicit_word_and_here_alone(tmp_path: Path) -> None:
    """One broker elsewhere is one too many; the word is 1 and no other; a key is used where one is named."""
    with pytest.raises(BadSetting, match="HUIMIN_NETWORK_KEY is missing"):
        seal_of({}, HERE, "n.", "id")
    for word in ("", "0", "yes", "true"):
        with pytest.raises(BadSetting, match="HUIMIN_NETWORK_KEY is missing"):
            seal_of({NETWORK_OPEN: word}, HERE, "n.", "id")
    with pytest.raises(BadSetting, match=r"kafka-1\.example:9092 is not"):
        seal_of({NETWORK_OPEN: "1"}, THERE, "n.", "id")
    for name in ("10.0.0.1:9092", "localhost.example:9092", "127.example:9092", "0.0.0.0:9092"):
        with pytest.raises(BadSetting, match="is not: whoever reaches it"):
            seal_of({NETWORK_OPEN: "1"}, Connection((name,)), "n.", "id")

    open = seal_of({NETWORK_OPEN: "1"}, HERE, "n.", "id")
    assert open.over(b"x") == Seal(OPEN, "id").over(b"x")
    keyed = {NETWORK_OPEN: "1", **environment_with_key(tmp_path)}
    assert seal_of(keyed, THERE, "m.", "id").over(b"x") not in (open.over(b"x"), seal_of(keyed, THERE, "m.", "of others").over(b"x"))
    assert seal_of({}, THERE, "n.", "id", file=own_key(tmp_path)).over(b"x") == seal_of(keyed, THERE, "n.", "id").over(b"x")


def test_another_key_is_noticed_by_whoever_was_here_before(tmp_path: Path, topic: type[FakeProgressTopic]) -> None:
    """Beside the state, with nobody asked; the note is private, and says nothing of the key."""
    state, ours = tmp_path / "state", environment_with_key(tmp_path)
    seal_of(ours, HERE, "n.", "id", state)
    topic.checks.clear()

    seal_of(ours, HERE, "n.", "id", state)
    for other in (environment_with_key(tmp_path, "other"), {NETWORK_OPEN: "1"}):
        with pytest.raises(OtherKey, match="began with another key of the network") as refused:
            seal_of(other, HERE, "n.", "id", state)
        assert refused.value.exit_code == 5
    assert (state / CHECK).stat().st_mode & 0o777 == 0o600
    assert (state / CHECK).read_text().strip() not in own_key(tmp_path).read_text()


@pytest.mark.parametrize("content", [b"", b"0123", bytes(33), b"\xff\xfe"])
def test_a_note_that_is_torn_is_no_other_key(tmp_path: Path, content: bytes) -> None:
    """The topic is asked instead, and the note made again."""
    state, ours = tmp_path / "state", environment_with_key(tmp_path)
    seal_of(ours, HERE, "n.", "id", state)
    noted = (state / CHECK).read_bytes()
    (state / CHECK).write_bytes(content)

    with pytest.raises(OtherKey, match=r"n\.\* began with another key"):
        seal_of(environment_with_key(tmp_path, "other"), HERE, "n.", "id", state)
    seal_of(ours, HERE, "n.", "id", state)

    assert (state / CHECK).read_bytes() == noted


def test_a_key_that_cannot_be_written_leaves_no_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full, for one: the same command works once there is room."""
    path = tmp_path / "network.key"

    def full(number: int) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            write_network_key(path)

    assert not path.exists()
    write_network_key(path)


def test_another_key_is_noticed_by_whoever_comes_later(tmp_path: Path, topic: type[FakeProgressTopic]) -> None:
    """By what the first member announced; who only looks announces nothing."""
    ours, other = environment_with_key(tmp_path), environment_with_key(tmp_path, "other")
    seal_of(other, HERE, "n.", "id")
    assert topic.checks == set()
    seal_of(ours, HERE, "n.", "id", tmp_path / "first")

    seal_of(ours, HERE, "n.", "id", tmp_path / "second")
    for folder in (None, tmp_path / "third"):
        with pytest.raises(OtherKey, match=r"n\.\* began with another key"):
            seal_of(other, HERE, "n.", "id", folder)
    assert not (tmp_path / "third").exists()
    topic.checks.add("somebody who pretends")
    seal_of(ours, HERE, "n.", "id", tmp_path / "fourth")


def test_whoever_pretends_locks_nobody_out(tmp_path: Path, topic: type[FakeProgressTopic]) -> None:
    """Somebody took away what members announced and announced another key: messages sealed with ours say that it is this network's."""
    topic.checks.add("somebody who pretends")
    topic.old = True
    with pytest.raises(OtherKey):
        seal_of(environment_with_key(tmp_path), HERE, "n.", "id", tmp_path / "state")
    topic.ours = True

    seal_of(environment_with_key(tmp_path), HERE, "n.", "id", tmp_path / "state")

    assert len(topic.checks) == 2  # and it is announced again


def test_topics_of_an_earlier_version_are_refused(tmp_path: Path, topic: type[FakeProgressTopic]) -> None:
    """With the way out; once a member has begun, nobody can make the topics look old."""
    topic.old = True
    with pytest.raises(OldTopics, match=r"written by Huimin 0\.1.*--prefix"):
        seal_of(environment_with_key(tmp_path), HERE, "n.", "id", tmp_path / "state")
    assert not (tmp_path / "state").exists() and topic.checks == set()

    topic.old = False
    seal_of(environment_with_key(tmp_path), HERE, "n.", "id", tmp_path / "state")
    topic.old = True
    seal_of(environment_with_key(tmp_path), HERE, "n.", "id", tmp_path / "other")
