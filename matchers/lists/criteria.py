"""One policy read leaf by leaf for many subjects at once: the truth of each criterion, and which criteria decide.

A run of the compiled program leaves the planes of every leaf. Put through the rule tree as columns, they say for a hundred thousand
subjects what ``matchers.reading.explain`` says of one; tests compare the two. Used by ``matchers.lists.difference``, ``matchers.watching``
and ``services.policies``. Source: docs/en/semantics.md sections 7 to 9 and 12.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from matchers.kernel.batch import Int32, UInt8, UInt64
from matchers.kernel.kernels.indexes import group_rows
from matchers.kernel.layout import KINDS
from matchers.lists.compare import bits_of, reasons_of
from matchers.program.binding import SCAN, Binding, Runner
from matchers.program.compile import compile_policies
from matchers.program.program import CompiledPolicy
from matchers.program.state import MatcherState
from policies.language.tree import All, AnyOf, Leaf, Node, NoneOf, Policy, Unless, children, leaves

Bools: TypeAlias = npt.NDArray[np.bool_]

UNKNOWN, TRUE, FALSE = 0, 1, 2
"""Truth values in columns."""
_INVERTED = np.array([UNKNOWN, FALSE, TRUE], np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class CriteriaReadings:
    """A policy read for n subjects on one day, as if it were in force.

    Args:
        truth: uint8[leaves, n], of each leaf outside ``where`` in document order; unanswered checks by the direction of doubt.
        decides: bool[leaves, n], whether the leaf decides the rule: every node from the root to it has the truth of the root.
        verdict: uint8[n], truth of the root, also for subjects outside the scope.
        status: uint8[n], places in ``changes.STATUSES``.
        missing, checklist: bit sets over the entry's pairs and checks.
    """

    leaves: tuple[Leaf, ...]
    entry: CompiledPolicy
    truth: UInt8
    decides: Bools
    verdict: UInt8
    status: UInt8
    missing: UInt64
    checklist: UInt64


class CriteriaReader:
    """A policy version compiled, to read it leaf by leaf for any subjects on any day."""

    def __init__(self, state: MatcherState, policy: Policy) -> None:
        self.state, self.policy = state, policy
        kind = KINDS.index(policy.subject)
        program = compile_policies(state.store.layout, kind, [(policy, True)], state.check_number, state.code_of)
        self.runner = Runner(program, SCAN)
        self.leaves = tuple(leaves(policy.criteria))
        at_leaves = [node for node in program.entries[0].nodes if node[0] >= 0]
        edges = _edges(policy.criteria, 0)
        self._planes = [(node[0], node[3] ^ edge) for node, edge in zip(at_leaves, edges, strict=True)]

    def read(self, rows: Int32, day: date) -> CriteriaReadings:
        """For each subject on a day: the truth of every criterion, which criteria decide, the verdict, the status, and what is missing."""
        runner, n = self.runner, len(rows)
        words = runner.program.mask_words
        side = self.state.side(runner, day)
        truth = np.zeros((len(self.leaves), n), np.uint8)
        status = np.zeros(n, np.uint8)
        missing, checklist = np.zeros((n, words), np.uint64), np.zeros((n, words), np.uint64)
        for start in range(0, n, SCAN):
            part = rows[start : start + SCAN]
            these = slice(start, start + len(part))
            frame = runner.run(0, part, self.state.store, side.binding, side.coverage, side.answers)
            for number, (slot, is_negated) in enumerate(self._planes):
                at, stride = int(runner.off[slot]), int(runner.stride[slot])
                yes = bits_of(frame.bits[at : at + stride], len(part))
                no = bits_of(frame.bits[at + stride : at + 2 * stride], len(part))
                truth[number, these] = TRUE * yes + FALSE * no if not is_negated else TRUE * no + FALSE * yes
            everyone = np.arange(len(part), dtype=np.int32)
            status[these], missing[these], checklist[these] = reasons_of(runner, frame, np.zeros(len(part), np.int32), everyone)
        read = _read(self.policy.criteria, iter(truth), n)
        decides = np.zeros((len(self.leaves), n), np.bool_)
        for number, chain in enumerate(_chains(read, np.ones(n, np.bool_))):
            decides[number] = chain
        return CriteriaReadings(self.leaves, runner.program.entries[0], truth, decides, read.truth, status, missing, checklist)

    def binding(self, day: date) -> Binding:
        """The policy's constants and coverage on a day."""
        return self.state.side(self.runner, day).binding


def patterns(codes: UInt8) -> tuple[Int32, list[int]]:
    """Distinct columns of uint8[m, n]: for each column the number of its pattern, and for each pattern a column that has it."""
    m, n = codes.shape
    if n == 0:
        return np.zeros(0, np.int32), []
    padded = np.zeros((n, -(-max(m, 1) // 8) * 8), np.uint8)
    padded[:, :m] = codes.T
    group, first = group_rows(padded.view(np.uint64))
    return group.astype(np.int32), first.tolist()


def _edges(node: Node, edge: int) -> Iterator[int]:
    """For each leaf in order, whether the compiled tree negates it for the node above."""
    match node:
        case All():
            below = [(child, 0) for child in node.children]
        case AnyOf() | NoneOf():
            below = [(child, 1) for child in node.children]
        case Unless():
            below = [(node.rule, 0), (node.unless, 1)]
        case _:
            yield edge
            return
    for child, child_edge in below:
        yield from _edges(child, child_edge)


@dataclass(frozen=True, slots=True, eq=False)
class _Node:
    """A node with its truth as a column; ``operands`` are the truths below it, inverted where the node negates them."""

    truth: UInt8
    operands: tuple[UInt8, ...] = ()
    below: tuple[_Node, ...] = ()


def _read(node: Node, columns: Iterator[UInt8], n: int) -> _Node:
    below = tuple(_read(child, columns, n) for child in children(node))
    match node:
        case All():
            operands = tuple(child.truth for child in below)
            return _Node(_conjunction(operands, n), operands, below)
        case AnyOf():
            operands = tuple(child.truth for child in below)
            return _Node(_INVERTED[_conjunction(tuple(_INVERTED[operand] for operand in operands), n)], operands, below)
        case NoneOf():
            operands = tuple(_INVERTED[child.truth] for child in below)
            return _Node(_conjunction(operands, n), operands, below)
        case Unless():
            operands = (below[0].truth, _INVERTED[below[1].truth])
            return _Node(_conjunction(operands, n), operands, below)
        case _:
            return _Node(next(columns))


def _conjunction(columns: tuple[UInt8, ...], n: int) -> UInt8:
    """The conjunction (Kleene) of columns; of no column it is true."""
    truth = np.full(n, TRUE, np.uint8)
    for column in columns:
        truth = np.where((truth == FALSE) | (column == FALSE), FALSE, np.minimum(truth, column)).astype(np.uint8)
    return truth


def _chains(read: _Node, chain: Bools) -> Iterator[Bools]:
    """For each leaf in order, the subjects for which every node from the root to it has the truth of the root."""
    if not read.below:
        yield chain
    for operand, child in zip(read.operands, read.below, strict=True):
        yield from _chains(child, chain & (operand == read.truth))
