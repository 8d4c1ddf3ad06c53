"""Sealed notes: only the key opens them, and only in their own place."""

from __future__ import annotations

from connectors.identity.notes import note_text, sealed_note
from streams.steps.follow_ups import is_sealed

KEY, OTHER = b"k" * 32, b"o" * 32
TEXT = "女儿周六在家"


def test_a_note_opens_with_its_key_in_its_place_alone() -> None:
    """Under another key, policy or subject, or changed by a letter, it does not open; its text is nowhere in it."""
    note = sealed_note(KEY, "grant", 7, TEXT)
    changed = ("A" if note[40] != "A" else "B").join((note[:40], note[41:]))

    assert is_sealed(note) and TEXT not in note
    assert note_text(KEY, "grant", 7, note) == TEXT
    assert [note_text(OTHER, "grant", 7, note), note_text(KEY, "other", 7, note), note_text(KEY, "grant", 8, note)] == [None] * 3
    assert [note_text(KEY, "grant", 7, changed), note_text(KEY, "grant", 7, "?"), note_text(KEY, "grant", 7, TEXT)] == [None] * 3


def test_the_same_text_is_sealed_another_way_each_time() -> None:
    """Whoever compares two notes learns nothing; the longest note is still admitted."""
    assert sealed_note(KEY, "grant", 7, TEXT) != sealed_note(KEY, "grant", 7, TEXT)
    assert is_sealed(sealed_note(KEY, "grant", 7, "字" * 2_000))
