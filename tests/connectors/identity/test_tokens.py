"""Tokens: one person one token, however written; held against hashlib and python-stdnum."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from connectors.identity.known_tokens import KnownTokens
from connectors.identity.tokens import RESIDENT_ID, Tokens, opaque_text, resident_number
from connectors.parsing.hashing import keyed_hashes
from policies.language.catalogue import Identity
from policies.values import Kind
from tests.connectors.samples import TOKENS, resident

PERSON = Identity("id", RESIDENT_ID, RESIDENT_ID)
NUMBERING = Identity("id", "opaque", "psb/household")
VECTORS = json.loads(Path(__file__).with_name("token_vectors.json").read_text("utf-8"))
"""Key, domain, scheme, space and text; the token and, but for identity fields, the check."""

cells = st.text(st.sampled_from("0123456789Xx０９Ｘｘ \t\u3000\u00a0\ufeff年-a张\x00"), max_size=24)
numbers = st.integers(0, 10**6).map(resident)
spaced = st.tuples(numbers, st.integers(0, 18), st.sampled_from(["", " ", "\u3000", "\u00a0 "])).map(
    lambda t: t[0][: t[1]] + t[2] + t[0][t[1] :]
)


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=64), st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=20))
def test_the_kernel_is_blake2b(key: bytes, messages: list[bytes]) -> None:
    """Every digest is hashlib's, for keys and messages of any length."""
    ends = np.cumsum([len(m) for m in messages]).astype(np.int64)
    starts = ends - np.array([len(m) for m in messages])

    tokens, checks = keyed_hashes(key, np.frombuffer(b"".join(messages), np.uint8), starts, ends)

    assert tokens.tolist() == [int.from_bytes(hashlib.blake2b(m, digest_size=8, key=key).digest(), "little") for m in messages]
    assert len(checks) == len(messages)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector[0][-2:]}-{vector[1]}-{vector[4][:12]}-{len(vector[4])}")
def test_tokens_and_checks_are_those_of_every_version(vector: list[str]) -> None:
    """Tokens and checks as they have been since 0.2.0: workspaces hold them, so no other program may make others."""
    key, domain, scheme, space, text, token, check = vector
    tokens, column = Tokens(bytes.fromhex(key)), pl.Series([text])

    if domain == "identity":
        assert [f"{digest:016x}" for digest in tokens.identities(space, column)] == [token]
        return
    tokenized = tokens.keys(space, column) if domain == "key" else tokens.column(Kind(domain), Identity("id", scheme, space), column)
    assert [f"{digest:016x}" for digest in (*tokenized.tokens, *tokenized.checks)] == [token, check]


@settings(deadline=None)
@given(st.lists(cells | numbers | spaced, min_size=1, max_size=30))
def test_columns_agree_with_single_tokens(texts: list[str]) -> None:
    """The compiled column and the reference that reads one text at a time give the same tokens, in both schemes."""
    for identity, kind in ((PERSON, Kind.PERSON), (NUMBERING, Kind.HOUSEHOLD)):
        column = TOKENS.column(kind, identity, pl.Series(texts, dtype=pl.String))

        assert column.tokens.tolist() == [TOKENS.token(kind, identity, text) or 0 for text in texts]
        assert ((column.faults == 0) == (column.tokens != 0)).all()


@given(st.integers(0, 10**6).map(resident) | st.from_regex(r"[1-9][0-9]{16}[0-9X]", fullmatch=True))
def test_numbers_agree_with_stdnum(number: str) -> None:
    """A number is taken exactly if python-stdnum's check character and date hold."""
    try:
        sound = ric.calc_check_digit(number) == number[-1] and ric.get_birth_date(number) is not None
    except ValidationError:
        sound = False

    assert (resident_number(number) is not None) == sound


@given(st.integers(0, 10**6).map(resident))
def test_fifteen_digits_are_the_same_person(number: str) -> None:
    """Without century and check character, spaced, full-width or with a small x: one token."""
    if number[6:8] != "19":
        return
    full_width = number.translate(str.maketrans("0123456789X", "０１２３４５６７８９Ｘ"))
    texts = [number, number[:6] + number[8:17], f" {number[:6]} {number[6:14]} {number[14:]}\u3000", full_width, number.lower()]

    assert len(set(TOKENS.person(texts).tolist())) == 1


def test_domains_are_apart() -> None:
    """The same text is another token in another kind, numbering, key or as a record's key; none is 0."""
    text, other = resident(1), Tokens(b"another key of thirty-two bytes..")
    series = pl.Series([text])
    distinct = {
        TOKENS.token(Kind.PERSON, PERSON, text),
        TOKENS.token(Kind.PERSON, NUMBERING, text),
        TOKENS.token(Kind.HOUSEHOLD, NUMBERING, text),
        TOKENS.token(Kind.DWELLING, Identity("id", "opaque", "other"), text),
        other.token(Kind.PERSON, PERSON, text),
        int(TOKENS.keys("hukou", series).tokens[0]),
        int(TOKENS.identities("hukou", series)[0]),
    }

    assert len(distinct) == 7 and not distinct & {0, None}


def test_a_short_key_and_a_long_identifier_are_refused() -> None:
    """A key has 32 bytes or more; an identifier 256 at most."""
    assert opaque_text("x" * 256) and opaque_text("x" * 257) is None

    with pytest.raises(ValueError, match="32"):
        Tokens(b"short")


def test_two_texts_of_one_token_are_told_apart() -> None:
    """A token that comes again with its check is sound, with another one it is not; also once the table has grown."""
    table, many = KnownTokens(), np.arange(1, 100_001, dtype=np.uint64)

    assert table.add(np.array([7, 15, 7], np.uint64), np.array([1, 2, 1], np.uint64))
    assert not table.add(np.array([15, 7], np.uint64), np.array([2, 3], np.uint64))
    assert table.add(many[20:], 2 * many[20:]) and table.add(many[20:], 2 * many[20:])
    assert not table.add(many[99_990:], many[:10])
