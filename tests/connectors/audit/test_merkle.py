"""The Merkle tree against the vectors of Certificate Transparency and a recursive definition taken from RFC 6962 word for word."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.audit.merkle import (
    EMPTY,
    Frontier,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
    root_of,
)

LEAVES = [
    bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
"""The inputs of Certificate Transparency's reference tests (certificate-transparency/cpp/merkletree/merkle_tree_test.cc)."""
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]  # fmt: skip
PATHS = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7", "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b", "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d", "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}  # fmt: skip
"""Audit paths of the same tests: (leaf, size)."""
CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7", "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a", "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e", "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}  # fmt: skip
"""Consistency proofs of the same tests: (earlier size, size)."""
data = st.lists(st.binary(max_size=4), min_size=1, max_size=40)


def mth(entries: Sequence[bytes]) -> bytes:
    """MTH(D[n]) of RFC 6962 § 2.1."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = split(len(entries))
    return sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:])).digest()


def path(m: int, entries: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D[n]) of RFC 6962 § 2.1.1."""
    if len(entries) == 1:
        return []
    k = split(len(entries))
    return [*path(m, entries[:k]), mth(entries[k:])] if m < k else [*path(m - k, entries[k:]), mth(entries[:k])]


def subproof(m: int, entries: Sequence[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b) of RFC 6962 § 2.1.2."""
    if m == len(entries):
        return [] if whole else [mth(entries)]
    k = split(len(entries))
    if m <= k:
        return [*subproof(m, entries[:k], whole), mth(entries[k:])]
    return [*subproof(m - k, entries[k:], False), mth(entries[:k])]


def split(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def hashes(entries: Sequence[bytes]) -> list[bytes]:
    return [leaf_hash(entry) for entry in entries]


def texts(nodes: Sequence[bytes]) -> list[str]:
    return [node.hex() for node in nodes]


def test_the_roots_are_those_of_the_reference() -> None:
    """Of the empty tree, and after each of the eight entries."""
    assert root_of([]) == EMPTY == bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    assert [root_of(hashes(LEAVES[:size])).hex() for size in range(1, 9)] == ROOTS


@pytest.mark.parametrize(("at", "expected"), PATHS.items(), ids=str)
def test_audit_paths_are_those_of_the_reference(at: tuple[int, int], expected: list[str]) -> None:
    index, size = at
    proof = inclusion_proof(hashes(LEAVES[:size]), index)

    assert texts(proof) == expected
    assert is_included(leaf_hash(LEAVES[index]), index, size, proof, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("at", "expected"), CONSISTENCY.items(), ids=str)
def test_consistency_proofs_are_those_of_the_reference(at: tuple[int, int], expected: list[str]) -> None:
    earlier, later = at
    proof = consistency_proof(hashes(LEAVES[:later]), earlier)

    assert texts(proof) == expected
    assert is_consistent(earlier, later, bytes.fromhex(ROOTS[earlier - 1]), bytes.fromhex(ROOTS[later - 1]), proof)


@given(entries=data)
def test_appending_gives_the_root_of_the_definition(entries: list[bytes]) -> None:
    """After every leaf; a frontier stays as small as the digits of its size."""
    tree = Frontier()
    for size, entry in enumerate(entries, 1):
        tree.append(leaf_hash(entry))
        assert tree.root() == mth(entries[:size])
        assert tree.is_sound()


@given(entries=data, at=st.data())
def test_proofs_are_those_of_the_definition_and_no_other_leaf_passes(entries: list[bytes], at: st.DataObject) -> None:
    """Neither another entry, place or size, nor a path with a changed, missing or added node."""
    index = at.draw(st.integers(0, len(entries) - 1))
    proof, root, leaf = inclusion_proof(hashes(entries), index), mth(entries), leaf_hash(entries[index])

    assert proof == path(index, entries)
    assert is_included(leaf, index, len(entries), proof, root)
    assert not is_included(leaf_hash(b"another"), index, len(entries), proof, root)
    assert not is_included(leaf, index, len(entries), [*proof, EMPTY], root)
    assert not is_included(leaf, len(entries), len(entries), proof, root)
    if proof:
        place = at.draw(st.integers(0, len(proof) - 1))
        assert not is_included(leaf, index, len(entries), [*proof[:place], EMPTY, *proof[place + 1 :]], root)
        assert not is_included(leaf, index, len(entries), proof[1:], root)


@given(entries=data, at=st.data())
def test_a_tree_that_was_changed_before_is_not_consistent(entries: list[bytes], at: st.DataObject) -> None:
    """A proof of the definition passes; the root of a tree in which an early entry was changed, removed or swapped does not."""
    earlier = at.draw(st.integers(1, len(entries)))
    proof, old, new = consistency_proof(hashes(entries), earlier), mth(entries[:earlier]), mth(entries)

    assert proof == subproof(earlier, entries, True)
    assert is_consistent(earlier, len(entries), old, new, proof)
    index = at.draw(st.integers(0, earlier - 1))
    forged = [*entries[:index], entries[index] + b"!", *entries[index + 1 :]]
    forged_proof = consistency_proof(hashes(forged), earlier)
    assert not is_consistent(earlier, len(entries), old, mth(forged), forged_proof)
    assert not is_consistent(earlier, len(entries), mth(forged[:earlier]), new, proof)
    assert not is_consistent(earlier, len(entries), old, new, [*proof, EMPTY])


@pytest.mark.parametrize(("size", "index"), [(0, 0), (3, 3), (3, -1)])
def test_what_is_not_in_the_tree_has_no_proof(size: int, index: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(hashes(LEAVES[:size]), index)
    with pytest.raises(ValueError, match="no tree"):
        consistency_proof(hashes(LEAVES[:3]), 4)
