"""Corrections of identity: merges and splits of subjects, and the tokens that cells were delivered with.

The subject that a cell names depends only on the token it was delivered with and the decisions in force, in whatever order they came. So
the delivered token is kept where a decision changes it, and nowhere else; without decisions there is no cost. Read by
``matchers.matrix.store``. Source: docs/en/semantics.md section 15.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from matchers.kernel.batch import UInt64
from matchers.kernel.layout import KINDS
from policies.values import Kind

Source: TypeAlias = tuple[str, int]
"""Feed, and place of the source in its contract's list."""
Record: TypeAlias = tuple[str, int, int]
"""Feed, source and the record's key there."""
Answer: TypeAlias = tuple[str, int, str, bool | None]
"""Policy, subject, check and answer; the answer is None where there is none any more."""


@dataclass(frozen=True, slots=True)
class IdentityCorrection:
    """From now on ``subject`` counts as ``into``: in these records or, where there are none, everywhere.

    Where ``into`` is the subject itself, earlier decisions about it are taken back, in these records or everywhere.
    """

    kind: Kind
    subject: int
    into: int
    records: tuple[Record, ...] = ()


class IdentityDecisions:
    """The decisions in force, and the delivered tokens of the cells that they change."""

    def __init__(self) -> None:
        self.merges: list[dict[int, int]] = [{} for _ in KINDS]
        self.assignments: dict[Source, dict[int, dict[tuple[int, int], int]]] = {}  # by key: (kind, token) -> token
        self.delivered_tokens: dict[Source, dict[int, dict[int, int]]] = {}  # by key: lane of the cell -> token
        self._roots: list[tuple[UInt64, UInt64] | None] = [None for _ in KINDS]

    def __bool__(self) -> bool:
        return bool(self.assignments) or any(self.merges)

    def root(self, kind: int, token: int) -> int:
        """The subject that a token counts as, after all merges."""
        merged = self.merges[kind]
        while token in merged:
            token = merged[token]
        return token

    def named_token(self, kind: int, token: int, source: Source, key: int) -> int:
        """The subject that a token names in one record."""
        assignments = self.assignments.get(source)
        return self.root(kind, assignments[key].get((kind, token), token) if assignments and key in assignments else token)

    def named_tokens(self, kind: int, tokens: UInt64, source: Source, keys: UInt64) -> UInt64:
        """The subjects that a column's tokens name, each in its record; 0 stays 0."""
        out = tokens
        if self.merges[kind]:
            froms, tos = self._column(kind)
            at = np.minimum(np.searchsorted(froms, tokens), len(froms) - 1)
            out = np.where(froms[at] == tokens, tos[at], tokens)
        if assignments := self.assignments.get(source):
            out = out.copy()
            for place, key in enumerate(keys.tolist()):
                if key in assignments:
                    out[place] = self.named_token(kind, int(tokens[place]), source, key)
        return out

    def decide(self, correction: IdentityCorrection) -> None:
        """Puts a correction in force, or takes earlier ones back."""
        kind, subject = KINDS.index(correction.kind), correction.subject
        self._roots[kind] = None
        if not correction.records:
            self.merges[kind].pop(subject, None)
            if correction.into != subject:
                self.merges[kind][subject] = correction.into
        for feed, source, key in correction.records:
            rules = self.assignments.setdefault((feed, source), {}).setdefault(key, {})
            rules.pop((kind, subject), None)
            if correction.into != subject:
                rules[kind, subject] = correction.into
            self._drop_empty((feed, source), key)

    def keep(self, source: Source, key: int, cells: Mapping[int, int]) -> None:
        """Keeps the delivered tokens of a record's cells that count as others; without cells, all count as delivered."""
        if cells:
            self.delivered_tokens.setdefault(source, {})[key] = dict(cells)
        elif source in self.delivered_tokens:
            self.delivered_tokens[source].pop(key, None)

    def forget(self) -> None:
        """Drops the delivered tokens where no decision is left: every record in force then counts as delivered."""
        if not self:
            self.delivered_tokens.clear()

    def meta(self) -> dict[str, Any]:
        """All of it, as JSON."""
        return {
            "merged": [sorted(merged.items()) for merged in self.merges],
            "given": [
                [*source, key, kind, token, into]
                for source, keys in sorted(self.assignments.items())
                for key, rules in sorted(keys.items())
                for (kind, token), into in sorted(rules.items())
            ],
            "delivered": [
                [*source, key, lane, token]
                for source, keys in sorted(self.delivered_tokens.items())
                for key, cells in sorted(keys.items())
                for lane, token in sorted(cells.items())
            ],
        }

    @classmethod
    def restore(cls, meta: Mapping[str, Any] | None) -> IdentityDecisions:
        """The decisions that gave this ``meta``; none where it is None (a state from before corrections)."""
        decisions = cls()
        if meta is None:
            return decisions
        decisions.merges = [dict(map(tuple, pairs)) for pairs in meta["merged"]]
        for feed, source, key, kind, token, into in meta["given"]:
            decisions.assignments.setdefault((feed, source), {}).setdefault(key, {})[kind, token] = into
        for feed, source, key, lane, token in meta["delivered"]:
            decisions.delivered_tokens.setdefault((feed, source), {}).setdefault(key, {})[lane] = token
        return decisions

    def _column(self, kind: int) -> tuple[UInt64, UInt64]:
        """Merged tokens in order, and the token that each counts as; cached until the next decision."""
        column = self._roots[kind]
        if column is None:
            froms = sorted(self.merges[kind])
            column = np.array(froms, np.uint64), np.array([self.root(kind, token) for token in froms], np.uint64)
            self._roots[kind] = column
        return column

    def _drop_empty(self, source: Source, key: int) -> None:
        """Removes empty dictionaries, so that sources without decisions cost nothing."""
        if not self.assignments[source][key]:
            del self.assignments[source][key]
        if not self.assignments[source]:
            del self.assignments[source]


def correction_plain(correction: IdentityCorrection, answers: Sequence[Answer]) -> dict[str, Any]:
    """A correction and the answers that go with it, as JSON."""
    facts = {"kind": str(correction.kind), "subject": correction.subject, "into": correction.into}
    return {**facts, "records": [list(record) for record in correction.records], "answers": [list(answer) for answer in answers]}


def correction_read(plain: Mapping[str, Any]) -> tuple[IdentityCorrection, list[Answer]]:
    """The inverse of ``correction_plain``."""
    records = tuple((feed, source, key) for feed, source, key in plain["records"])
    answers: list[Answer] = [(policy, subject, check, answer) for policy, subject, check, answer in plain["answers"]]
    return IdentityCorrection(Kind(plain["kind"]), plain["subject"], plain["into"], records), answers
