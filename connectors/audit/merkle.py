"""The Merkle tree of RFC 6962: hashes of leaves and nodes, the root as leaves are appended, proofs, and their verification.

``connectors.audit.log`` appends; ``services.audit`` makes and checks proofs. Leaves and nodes are hashed with different first bytes, so no
node passes for a leaf. Source: RFC 6962 § 2.1 (tree, audit paths, consistency proofs); RFC 9162 § 2.1.3.2 and § 2.1.4.2 (verification).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

EMPTY = sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(slots=True)
class Frontier:
    """A tree to which leaves are appended: only the roots of its complete subtrees are kept, log2 of the leaves.

    Args:
        size: the number of leaves.
        peaks: the roots of the complete subtrees, the largest first; one for each binary digit 1 of the size.
    """

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> None:
        """Appends the hash of a leaf."""
        node, position = leaf, self.size
        while position & 1:
            node, position = node_hash(self.peaks.pop(), node), position >> 1
        self.peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The hash of the whole tree."""
        if not self.peaks:
            return EMPTY
        node = self.peaks[-1]
        for peak in self.peaks[-2::-1]:
            node = node_hash(peak, node)
        return node

    def is_sound(self) -> bool:
        """Whether there are as many peaks as the size asks for."""
        return self.size >= 0 and len(self.peaks) == self.size.bit_count() and all(len(peak) == 32 for peak in self.peaks)


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over the hashes of leaves."""
    tree = Frontier()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of a leaf in the tree over the hashes of leaves: PATH(m, D[n]).

    Raises:
        ValueError: there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise ValueError(f"no leaf {index} of {len(leaves)}")
    path, low, high = list[bytes](), 0, len(leaves)
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(root_of(leaves[middle:high]))
            high = middle
        else:
            path.append(root_of(leaves[low:middle]))
            low = middle
    return path[::-1]


def consistency_proof(leaves: Sequence[bytes], earlier: int) -> list[bytes]:
    """That the tree over the first ``earlier`` leaves is the beginning of this one: PROOF(m, D[n]).

    Raises:
        ValueError: there are fewer leaves, or none then.
    """
    if not 0 < earlier <= len(leaves):
        raise ValueError(f"no tree of {earlier} leaves within {len(leaves)}")
    proof, low, high, whole = list[bytes](), 0, len(leaves), True
    while earlier != high:
        middle = low + _split(high - low)
        if earlier <= middle:
            proof.append(root_of(leaves[middle:high]))
            high = middle
        else:
            proof.append(root_of(leaves[low:middle]))
            low, whole = middle, False
    if not whole:
        proof.append(root_of(leaves[low:high]))
    return proof[::-1]


def is_included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether an audit path shows that the tree with this root has the leaf at this index."""
    if not 0 <= index < size:
        return False
    position, last, node = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if position & 1 or position == last:
            node = node_hash(step, node)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            node = node_hash(node, step)
        position, last = position >> 1, last >> 1
    return last == 0 and node == root


def is_consistent(earlier: int, later: int, earlier_root: bytes, later_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether a proof shows that the later tree begins with the earlier one."""
    if not 0 < earlier <= later:
        return False
    if earlier == later:
        return not proof and earlier_root == later_root
    steps = list(proof) if earlier & (earlier - 1) else [earlier_root, *proof]
    if not steps:
        return False
    position, last = earlier - 1, later - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, step)
        position, last = position >> 1, last >> 1
    return last == 0 and old == earlier_root and new == later_root


def _split(leaves: int) -> int:
    """The largest power of two that is smaller than a number of leaves."""
    return 1 << (leaves - 1).bit_length() - 1
