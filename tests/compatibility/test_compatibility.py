"""``huimin upgrade`` upgrades what a released version wrote, and every verb answers as it did then."""

from __future__ import annotations

import json
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from streams.wire.wire import encode_changes, encode_edition
from tests.compatibility import topics
from tests.compatibility.make import KEPT, running, verb_answers
from tests.console.town import HUKOU, POLICY, data, ingest_text, register_row, tokens

VERSIONS = sorted(path.name.removeprefix("workspace-").removesuffix(".tar.xz") for path in KEPT.glob("workspace-*.tar.xz"))


def without_added_keys(now: Any, then: Any) -> Any:
    """The part of today's answer that the answer of then has: only keys of objects may have been added since."""
    if isinstance(then, dict) and isinstance(now, dict):
        return {key: without_added_keys(now[key], value) for key, value in then.items() if key in now}
    if isinstance(then, list) and isinstance(now, list) and len(now) == len(then):
        return [without_added_keys(new, other) for new, other in zip(now, then, strict=True)]
    return now


def test_there_is_one_of_the_first_version() -> None:
    """Every version has a workspace, its answers, and topics."""
    assert "0.2.0" in VERSIONS
    assert {path.name for path in KEPT.glob("*-0*.*")} == {
        f"{name}-{version}.{kind}"
        for version in VERSIONS
        for name, kind in (("workspace", "tar.xz"), ("workspace", "json"), ("topics", "jsonl.xz"))
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_kept_topics(version: str) -> None:
    """Every record is proved and read, and today's stages give the same changes and editions from the same inputs."""
    records = topics.read(KEPT / f"topics-{version}.jsonl.xz")
    by_topic = Counter(record["topic"] for record in records)
    print(", ".join(f"{count} of {topic}" for topic, count in by_topic.items()))
    assert by_topic["inputs"] > 20 and by_topic["changes"] > 10 and by_topic["editions"] > 1 and by_topic["orders"] > 20

    for record in records:
        assert topics.proof_problem(record) is None
        if record["topic"] in topics.readers():
            topics.readers()[record["topic"]](topics.body(record))

    now = topics.stage_messages([topics.body(record) for record in records if record["topic"] == "inputs"])
    for topic, again in (("changes", encode_changes), ("editions", encode_edition)):
        reader = topics.readers()[topic]
        messages_then = [(record["key"], again(reader(topics.body(record)))) for record in records if record["topic"] == topic]
        assert messages_then == [(message.id, again(reader(message.body))) for _, message in now if message.topic == topic]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_kept_workspace(tmp_path: Path, version: str) -> None:
    """After the upgrade all answers are as they were, and the workspace takes new deliveries."""
    with tarfile.open(KEPT / f"workspace-{version}.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    for path in (tmp_path / "w").rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    then, run = json.loads((KEPT / f"workspace-{version}.json").read_text(encoding="utf-8")), running(tmp_path / "w")

    assert run("upgrade").exit_code == 0
    now = verb_answers(run)

    assert without_added_keys(now, then) == then
    assert run("doctor", "--deep").exit_code == 0
    before = tokens(run)
    ingest_text(run, tmp_path, "hukou", HUKOU + register_row(40, "2026-10-16"))
    assert len(tokens(run)) >= len(before)
    assert data(run("edition", "verify", POLICY, "--json"))["ok"]
