"""A program bound to a day: constants, coverage and prefix tables, and the buffers it runs in.

The one idea: everything that depends on the day, on parameters or on coverage is a small table made here; the program and the matrix stay
as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from matchers import kernels as k
from matchers.batch import Int32, Int64, UInt8, UInt64
from matchers.coverage import CoverageTables, cover, earliest
from matchers.program import Program
from matchers.store import Store
from matchers.thresholds import days
from policies.catalogue import FieldType
from policies.values import within

CHUNK = 1024
"""Subjects a chunk where a change is evaluated: 16 words a plane."""
SCAN = 8192
"""Subjects a chunk where everybody is."""


@dataclass(slots=True)
class Answers:
    """Answered checks as the kernels read them: index, keys and values (1 yes, 0 no). Of keys and values the first ``count`` count; an
    answer is added in its place, and the tables double when they are full (the index is then half full)."""

    slots: Int32
    keys: UInt64
    values: UInt8
    count: int

    @classmethod
    def of(cls, keys: UInt64, values: UInt8) -> Answers:
        """These answers, no key twice, with as much room again."""
        room = 1 << (2 * len(keys)).bit_length() if len(keys) else 0
        made = cls(np.full(2 * room or 1, -1, np.int32), np.zeros(room, np.uint64), np.zeros(room, np.uint8), len(keys))
        made.keys[: made.count], made.values[: made.count] = keys, values
        if made.count:
            k.index_keys(made.slots, keys)
        return made

    def told(self, key: np.uint64, value: bool) -> Answers:
        """With one answer more, or another one to the same check: itself, or its successor where that needs more room."""
        at = int(k.find(self.slots, len(self.slots) - 1, key, self.keys))
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
    """What a day makes of a program."""

    day: int
    consts: Int64
    cover: UInt8
    cover_feed: Int32
    cover_cut: Int32
    lut: UInt8


def bind(program: Program, day: date, found: CoverageTables, divisions: Sequence[str], code_of: Callable[[FieldType, str], int]) -> Binding:
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
    rows_of = [cover(found, feed, cut) for (feed, _), cut in zip(program.covers, cuts, strict=True)]
    return Binding(
        days(day),
        consts,
        np.array(rows_of, np.uint8).reshape(len(rows_of), found.div_of.shape[1]) if rows_of else np.zeros((1, 1), np.uint8),
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
    """Buffers of one chunk's run: planes that are read afterwards, statuses, disclosed columns."""

    def __init__(self, program: Program, room: int, chunk: int) -> None:
        self.room = room
        words, roots = room // 64, chunk // 64
        self.stride = np.where(program.in_root == 1, roots, words).astype(np.int32)
        by_place = np.zeros(program.places, np.int64)
        by_place[program.place] = 2 * self.stride
        in_root = np.zeros(program.places, np.int32)
        in_root[program.place] = program.in_root
        order = np.argsort(-in_root, kind="stable")  # the subjects' planes first: they lie alike in frames of any room
        starts = np.zeros(program.places, np.int64)
        starts[order] = np.cumsum(by_place[order]) - by_place[order]
        self.off = starts[program.place]
        self.bits = np.zeros(int(by_place.sum()) + 1, np.uint64)
        self.low = np.zeros((max(1, len(program.entries)), roots), np.uint64)
        self.high = np.zeros((max(1, len(program.entries)), roots), np.uint64)
        self.cols = np.zeros((program.columns, room), np.int64)


class Scratch:
    """Buffers shared by all runs of a program: element rows and winners."""

    def __init__(self, program: Program, room: int) -> None:
        self.room = room
        shape = (program.domains, room)
        self.ent, self.rec, self.seg = (np.zeros(shape, np.int32) for _ in range(3))
        self.size = np.zeros(program.domains, np.int64)
        self.wins = np.zeros((program.winners, room), np.int32)


class Runner:
    """Runs one program over chunks, growing its buffers when a chunk has more elements than ever before."""

    def __init__(self, program: Program, chunk: int = CHUNK) -> None:
        self.program = program
        self.chunk = chunk
        self.scratch = Scratch(program, 4 * chunk)
        self.frames: list[Frame] = []
        self.bound: tuple[date, int, CoverageTables, Binding] | None = None  # the day, divisions and coverage last bound to

    def frame(self, number: int) -> Frame:
        """The frame of a number, made if need be."""
        while len(self.frames) <= number:
            self.frames.append(Frame(self.program, self.scratch.room, self.chunk))
        if self.frames[number].room != self.scratch.room:
            self.frames[number] = Frame(self.program, self.scratch.room, self.chunk)
        return self.frames[number]

    def run(self, number: int, roots: Int32, store: Store, binding: Binding, found: CoverageTables, answers: Answers) -> Frame:
        """Evaluate at most ``chunk`` subjects; what comes of it lies in the frame of that number."""
        program, layout = self.program, store.layout
        while True:
            frame, s = self.frame(number), self.scratch
            missing = k.run(
                program.ops, program.args, binding.consts, binding.day, roots, len(roots),
                store.arena_tables, layout.lays, store.head_tables, layout.link_rows,
                binding.cover, binding.cover_feed, binding.cover_cut, found.resp_off, found.resp, found.div_of,
                found.subj_slots, found.subj_keys, found.subj_to, answers.slots, answers.keys, answers.values, binding.lut,
                s.ent, s.rec, s.seg, s.size, frame.cols, s.wins, frame.bits, frame.off, frame.stride, frame.low, frame.high,
            )  # fmt: skip
            if missing == 0:
                return frame
            self.scratch = Scratch(program, -(-int(missing * 5 // 4) // 64) * 64)
