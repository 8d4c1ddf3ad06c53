"""A program bound to a day: constants, coverage and prefix tables, and the buffers of its runs.

All that depends on the day, on parameters or on coverage is a small table made here; the program and the matrix stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from matchers.kernel.batch import Int32, Int64, UInt8, UInt64
from matchers.kernel.kernels.bits import tail_mask
from matchers.kernel.kernels.indexes import find_key, index_keys
from matchers.kernel.kernels.interpreter import run_program
from matchers.kernel.thresholds import days
from matchers.matrix.coverage import CoverageTables, cover, earliest
from matchers.matrix.store import Store
from matchers.program.program import Program
from policies.language.catalogue import FieldType
from policies.values import within

CHUNK = 1024
"""Subjects in a chunk that evaluates a change: 16 words in each plane."""
SCAN = 4096
"""Subjects in a chunk where everybody is evaluated."""
WIDE = 16_384
"""Subjects in a chunk where a change reaches more than this: usually they share a set, which is evaluated once for each chunk."""
ELEMENTS = 1 << 16
"""Elements that one set of all of a chunk's subjects may have together; a chunk with more is evaluated in parts."""


@dataclass(slots=True)
class Answers:
    """Answered checks for the kernels: index, keys and values (1 yes, 0 no). The first ``count`` keys and values are in use. The tables
    double when they are full; the index is then half full."""

    slots: Int32
    keys: UInt64
    values: UInt8
    count: int

    @classmethod
    def of(cls, keys: UInt64, values: UInt8) -> Answers:
        """A table of these answers (no key twice), with as much free room."""
        room = 1 << (2 * len(keys)).bit_length() if len(keys) else 0
        answers = cls(np.full(2 * room or 1, -1, np.int32), np.zeros(room, np.uint64), np.zeros(room, np.uint8), len(keys))
        answers.keys[: answers.count], answers.values[: answers.count] = keys, values
        if answers.count:
            index_keys(answers.slots, keys)
        return answers

    def with_answer(self, key: np.uint64, value: bool) -> Answers:
        """The table with one answer more, or with another answer to the same check: itself, or a larger one where there is no room."""
        at = int(find_key(self.slots, len(self.slots) - 1, key, self.keys))
        if at >= 0:
            self.values[at] = value
        elif self.count == len(self.keys):
            return Answers.of(np.append(self.keys, key), np.append(self.values, np.uint8(value)))
        else:
            self.slots[-1 - at] = self.count
            self.keys[self.count], self.values[self.count] = key, value
            self.count += 1
        return self


@dataclass(slots=True)
class Binding:
    """The constants and tables of a program for one day."""

    day: int
    consts: Int64
    cover: UInt8
    cover_feed: Int32
    cover_cut: Int32
    lut: UInt8


def bind(
    program: Program, day: date, coverage: CoverageTables, divisions: Sequence[str], code_of: Callable[[FieldType, str], int]
) -> Binding:
    """Constants and tables of a program for one day."""
    consts = np.zeros((max(1, program.constants), 4), np.int64)
    for at, row in program.fixed:
        consts[at] = row
    for at, test in program.tests:
        rows = test.rows(day, code_of)
        consts[at : at + len(rows)] = rows
    width = max(1, len(divisions))
    lut = np.zeros((max(1, len(program.withins)), width), np.uint8)
    for i, prefix in enumerate(program.withins):
        for d, code in enumerate(divisions):
            inside = within(code, prefix)
            lut[i, d] = 0 if inside is None else (1 if inside else 2)
    cuts = [earliest(age, day) for _, age in program.covers]
    rows_of = [cover(coverage, feed, cut) for (feed, _), cut in zip(program.covers, cuts, strict=True)]
    return Binding(
        days(day),
        consts,
        np.array(rows_of, np.uint8).reshape(len(rows_of), coverage.div_of.shape[1]) if rows_of else np.zeros((1, 1), np.uint8),
        np.array([feed for feed, _ in program.covers] or [0], np.int32),
        np.array(cuts or [0], np.int32),
        lut,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One side of a comparison: a program bound to a day, coverage and answers."""

    binding: Binding
    coverage: CoverageTables
    answers: Answers


class Frame:
    """The results of one chunk's run: planes of its subjects, statuses, disclosed values. The elements of its sets are not kept."""

    def __init__(self, program: Program, chunk: int) -> None:
        self.words = chunk // 64
        self.bits = np.zeros(0, np.uint64)  # a place in the runner's planes: slot s of the subjects at Runner.off[s]
        self.off = np.zeros(0, np.int64)  # where slots lie while a run goes into this frame
        self.low, self.high = (np.zeros((max(1, len(program.entries)), self.words), np.uint64) for _ in range(2))
        self.disclosed_values = np.zeros((len(program.disclosed_columns), chunk), np.int64)

    def put(self, part: Frame, start: int, n: int) -> None:
        """Copies the results of another frame for its n subjects, to the places from ``start`` on."""
        at, by = divmod(start, 64)
        for mine, theirs in (
            (self.bits.reshape(-1, self.words), part.bits.reshape(-1, self.words)),
            (self.low, part.low),
            (self.high, part.high),
        ):
            words = theirs[:, : -(-n // 64)].copy()
            words[:, -1] &= tail_mask(n)
            mine[:, at : at + words.shape[1]] |= words << np.uint64(by)
            if by:
                over = mine[:, at + 1 : at + 1 + words.shape[1]]
                over |= (words >> np.uint64(64 - by))[:, : over.shape[1]]
        self.disclosed_values[:, start : start + n] = part.disclosed_values[:, :n]

    def clear(self) -> None:
        self.bits[:], self.low[:], self.high[:] = 0, 0, 0


class Scratch:
    """Buffers shared by all runs of a program: elements, columns and winners."""

    def __init__(self, program: Program, room: int) -> None:
        self.room = room
        shape = (program.domains, room)
        self.ent, self.rec, self.seg = (np.zeros(shape, np.int32) for _ in range(3))
        self.size = np.zeros(program.domains, np.int64)
        self.cols = np.zeros((program.columns, room), np.int64)
        self.wins = np.zeros((program.winners, room), np.int32)


class Runner:
    """Runs one program over chunks. Its buffers grow with the sets of a chunk, up to ``limit``; a chunk whose sets are larger is evaluated
    in parts. The sets of one subject are never divided: where they are larger, twice their size is the new limit, for the next subjects may
    share them.

    All planes lie in one array: first those of each frame's subjects, then those of elements, which all runs share.
    """

    def __init__(self, program: Program, chunk: int = CHUNK) -> None:
        self.program = program
        self.chunk, self.limit = chunk, ELEMENTS
        self.scratch = Scratch(program, 4 * chunk)
        self.frames: list[Frame] = [Frame(program, chunk)]  # the first is for parts of a chunk
        self.bound: tuple[date, int, CoverageTables, Binding] | None = None  # the day, divisions and coverage last bound to
        self._lay(2)

    def _lay(self, frames: int) -> None:
        """Makes room for so many frames and for the elements; the frames keep their contents."""
        program = self.program
        rooted = np.zeros(program.places, np.bool_)
        rooted[program.place] = program.in_root == 1
        self.stride = np.where(program.in_root == 1, self.chunk // 64, self.scratch.room // 64).astype(np.int32)
        sizes, starts = np.zeros(program.places, np.int64), np.zeros(program.places, np.int64)
        sizes[program.place] = 2 * self.stride
        for some in (rooted, ~rooted):
            starts[some] = np.cumsum(sizes[some]) - sizes[some]
        self.off, self._each, self._room = starts[program.place], int(sizes[rooted].sum()), frames
        self._bits = np.zeros(frames * self._each + int(sizes[~rooted].sum()) + 1, np.uint64)
        for at in range(len(self.frames)):
            self._place(at)

    def _place(self, at: int) -> None:
        """Gives a frame its place in the planes."""
        frame, start = self.frames[at], at * self._each
        place = self._bits[start : start + self._each]
        place[: len(frame.bits)] = frame.bits
        frame.bits, frame.off = place, self.off + np.where(self.program.in_root == 1, start, self._room * self._each)

    def frame(self, number: int) -> Frame:
        """The frame with a number, made when first needed."""
        while len(self.frames) <= number + 1:
            if len(self.frames) == self._room:
                self._lay(2 * self._room)
            self.frames.append(Frame(self.program, self.chunk))
            self._place(len(self.frames) - 1)
        return self.frames[number + 1]

    def forget(self) -> None:
        """Frees the memory where there are many frames."""
        if len(self.frames) > 16:
            del self.frames[1:]
            self._lay(2)

    def run(self, number: int, roots: Int32, store: Store, binding: Binding, coverage: CoverageTables, answers: Answers) -> Frame:
        """Evaluates at most ``chunk`` subjects into the frame with that number."""
        self.frame(number)
        if self._evaluate(number + 1, roots, store, binding, coverage, answers):
            return self.frames[number + 1]
        out, parts = self.frames[number + 1], [(0, len(roots))]
        out.clear()
        while parts:
            start, end = parts.pop()
            if self._evaluate(0, roots[start:end], store, binding, coverage, answers):
                out.put(self.frames[0], start, end - start)
            else:
                parts += [((start + end) // 2, end), (start, (start + end) // 2)]
        return out

    def _evaluate(self, at: int, roots: Int32, store: Store, binding: Binding, coverage: CoverageTables, answers: Answers) -> bool:
        """Evaluates subjects into a frame; False where their sets are too large together."""
        program, layout, frame = self.program, store.layout, self.frames[at]
        while True:
            s = self.scratch
            room = s.room if len(roots) == 1 else min(s.room, self.limit)
            missing = run_program(
                program.ops, program.references, binding.consts, binding.day, roots,
                store.arena_tables, layout.lays, store.head_tables, layout.link_rows,
                binding.cover, binding.cover_feed, binding.cover_cut, coverage.resp_off, coverage.resp, coverage.div_of,
                coverage.subj_slots, coverage.subj_keys, coverage.subj_to, answers.slots, answers.keys, answers.values, binding.lut,
                s.ent, s.rec, s.seg, s.size, s.cols, s.wins, self._bits, frame.off, self.stride, frame.low, frame.high, room,
            )  # fmt: skip
            if missing == 0:
                if len(roots) == 1:
                    self.limit = max(self.limit, 2 * int(s.size.max()))
                if len(program.disclosed_columns):
                    frame.disclosed_values[:, : len(roots)] = s.cols[program.disclosed_columns, : len(roots)]
                return True
            if missing > self.limit and len(roots) > 1:
                return False
            self.scratch = Scratch(program, -(-int(missing * 5 // 4) // 64) * 64)
            self._lay(self._room)
