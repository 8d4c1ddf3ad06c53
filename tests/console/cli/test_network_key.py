"""The verb that makes the key of a network, and the message where the key is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.kafka.membership import read_network_key
from tests.console.conftest import invoke

WORDS = {"HUIMIN_LANG": "en", "COLUMNS": "200", "HUIMIN_NETWORK_KEY": "", "HUIMIN_NETWORK_OPEN": ""}


def test_a_key_is_made_once(tmp_path: Path) -> None:
    """The verb prints the variable to export; a second run is refused and changes nothing. The key itself is never printed."""
    path = tmp_path / "network.key"
    first = invoke("kafka", "key", path, env=WORDS)
    key = read_network_key(path)

    again = invoke("kafka", "key", path, "--json", env=WORDS)

    assert (first.exit_code, first.output.strip()) == (0, f"export HUIMIN_NETWORK_KEY={path}")
    assert again.exit_code == 2 and "is there already" in again.output
    assert read_network_key(path) == key and key.hex() not in first.output + again.output
    value = json.loads(invoke("kafka", "key", tmp_path / "b", "--json", env=WORDS).stdout)
    assert value == {"key": str(tmp_path / "b")}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_both_languages_say_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    """Without the key of the network the verb ends with exit code 2 and names the variable."""
    monkeypatch.setattr("infra.kafka.topics.network_id", lambda connection, prefix: "id")
    place = {**WORDS, "HUIMIN_LANG": language, "KAFKA_BOOTSTRAP": "kafka.invalid:9092"}

    result = invoke("kafka", "shards", env=place)

    assert result.exit_code == 2
    assert {"zh": "缺少 HUIMIN_NETWORK_KEY", "en": "HUIMIN_NETWORK_KEY is missing"}[language] in result.output
