"""The verb that makes the key of a network, and what is said where it is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.kafka.membership import read_network_key
from tests.console.conftest import invoked

WORDS = {"HUIMIN_LANG": "en", "COLUMNS": "200", "HUIMIN_NETWORK_KEY": "", "HUIMIN_NETWORK_OPEN": ""}


def test_a_key_is_made_once(tmp_path: Path) -> None:
    """It says what to export, in a file of its owner's only; the same again refuses, and changes nothing. The key itself is not shown."""
    path = tmp_path / "network.key"
    first = invoked("kafka", "key", path, env=WORDS)
    key = read_network_key(path)

    again = invoked("kafka", "key", path, "--json", env=WORDS)

    assert (first.exit_code, first.output.strip()) == (0, f"export HUIMIN_NETWORK_KEY={path}")
    assert again.exit_code == 2 and "is there already" in again.output
    assert read_network_key(path) == key and key.hex() not in first.output + again.output
    value = json.loads(invoked("kafka", "key", tmp_path / "b", "--json", env=WORDS).stdout)
    assert value == {"key": str(tmp_path / "b")}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_both_languages_say_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    """Where a network is and nobody named its key, nothing is done."""
    monkeypatch.setattr("infra.kafka.topics.identity", lambda connection, prefix: "id")
    place = {**WORDS, "HUIMIN_LANG": language, "KAFKA_BOOTSTRAP": "kafka.invalid:9092"}

    result = invoked("kafka", "shards", env=place)

    assert result.exit_code == 2
    assert {"zh": "缺少 HUIMIN_NETWORK_KEY", "en": "HUIMIN_NETWORK_KEY is missing"}[language] in result.output
