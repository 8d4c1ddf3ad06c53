"""Checkpoints: what is signed, and that no other text, key or workspace passes."""

from __future__ import annotations

import base64

import pytest

from connectors.audit.checkpoints import BadCheckpoint, Checkpoint, read_checkpoint, signed_checkpoint, verifier_key

SEED, CHECKPOINT = b"s" * 32, Checkpoint("huimin/0011", 17, bytes(range(32)))
TEXT, KEY = signed_checkpoint(CHECKPOINT, SEED), verifier_key("huimin/0011", SEED)


def test_a_checkpoint_is_a_signed_note() -> None:
    """Origin, size, root; a blank line; the signature behind the id of its key (C2SP)."""
    origin, size, root, blank, signature, end = TEXT.split("\n")

    assert (origin, size, root, blank, end) == ("huimin/0011", "17", base64.b64encode(bytes(range(32))).decode(), "", "")
    assert signature.startswith("\u2014 huimin/0011 ")
    assert len(base64.b64decode(signature.split(" ")[2])) == 4 + 64
    assert KEY.split("+")[1] == base64.b64decode(signature.split(" ")[2])[:4].hex()
    assert read_checkpoint(TEXT, KEY) == read_checkpoint(TEXT.replace("\n", "\r\n"), KEY) == CHECKPOINT


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("\n17\n", "\n18\n"), TEXT.replace("AAECAw", "AAECBA"), TEXT.replace("huimin/0011", "huimin/0012"), "", "17", TEXT[:-20],
        TEXT.replace("\u2014", "-"), TEXT.replace("17", "x"), "\n\n\n", TEXT.replace("\n17\n", "\n017\n"),
    ],
)  # fmt: skip
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(BadCheckpoint) as refused:
        read_checkpoint(text, KEY)
    assert refused.value.exit_code == 3


@pytest.mark.parametrize("key", ["", "x", "huimin/0011+00+AA==", verifier_key("huimin/0011", b"t" * 32), verifier_key("huimin/0012", SEED)])
def test_another_key_is_refused(key: str) -> None:
    with pytest.raises(BadCheckpoint):
        read_checkpoint(TEXT, key)


def test_the_public_key_tells_nothing_of_the_seed() -> None:
    assert SEED.hex() not in KEY and base64.b64encode(SEED).decode() not in KEY
    assert verifier_key("a", SEED) != verifier_key("b", SEED)
