"""A state on a bench, for tests of single steps; and hosts and states after the fixed run of ``tests.streams.world``."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from policies.problems.problems import HuiminError, Invalid
from streams.embedded.host import CheckpointRule, EmbeddedHost
from streams.language.errors import Refusal
from streams.language.messages import CandidateChange, Input, Tick
from streams.ledgers.decisions import with_stamp
from streams.steps.state import State
from streams.steps.steps import step
from streams.store.retention import SHORT
from tests.streams.world import DAY, delivery_messages, network, parts, people, run

BORN = date(1950, 1, 1)
ELDERLY = "elderly-uninsured"
NEVER = CheckpointRule(closing_rows=10**9, retention=SHORT)


class Bench:
    """A state that takes messages in order."""

    def __init__(self, *messages: Input) -> None:
        self.state = State(parts())
        self.do(Tick(DAY), network(), *messages)

    def do(self, *messages: Input) -> list[CandidateChange]:
        """Takes messages; gives the lines of the last one."""
        lines: list[CandidateChange] = []
        for message in messages:
            lines = list(step(self.state, message, self.state.offset + 1))
        return lines

    def listed_subjects(self, policy: str = ELDERLY) -> list[int]:
        return [subject for subject, _ in self.state.matcher.candidates(policy)]

    def life(self, version: int, policy: str = ELDERLY) -> str:
        return self.state.registry.life(policy, version, self.state.day, self.state.catalogue)

    def refuses(self, message: Input, words: str = "") -> HuiminError:
        """The error with which a message is refused; checks that the state stays as it was."""
        before = self.state.meta()
        with pytest.raises((Refusal, Invalid), match=words or None) as error:
            self.do(message)
        assert self.state.meta() == before
        assert error.value.text.zh
        return error.value


def register(*subjects: int, number: int = 1, unplaced: int = 0, replaces: bool = False) -> list[Input]:
    """A delivery of the register with these persons."""
    return delivery_messages(people(number, 1, list(subjects), [BORN] * len(subjects)), f"d-{number}", unplaced, replaces)


def host_after_run(folder: Path, count: int, rule: CheckpointRule = NEVER) -> EmbeddedHost:
    """A host that took the first messages of the fixed run."""
    host = EmbeddedHost.open(folder, parts(), create=True, rule=rule)
    for message in run(count):
        host.submit(message)
    return host


def fold_of_run(count: int) -> tuple[State, list[CandidateChange]]:
    """The state after the first messages of the fixed run, and all their lines, without a host."""
    state = State(parts())
    lines: list[CandidateChange] = []
    for offset, message in enumerate(run(count)):
        lines += step(state, with_stamp(message, state.offset), offset)
    return state, lines
