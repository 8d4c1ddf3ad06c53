"""Policy documents checked against a catalogue, every problem at once.

The verb ``policy check`` calls this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from services.lookup import checked_policy

if TYPE_CHECKING:
    from policies.language.catalogue import Catalogue
    from policies.problems.problems import Problem, Severity


@dataclass(frozen=True, slots=True)
class CheckedDrafts:
    """The problems of documents, by file."""

    by_file: tuple[tuple[Problem, ...], ...]

    def problems(self) -> Iterator[Problem]:
        """Every problem, file by file."""
        return (problem for problems in self.by_file for problem in problems)

    def count(self, severity: Severity) -> int:
        """The number of problems of a severity."""
        return sum(problem.severity == severity for problem in self.problems())


def check_drafts(files: Iterable[Path], catalogue: Catalogue) -> CheckedDrafts:
    """Check policy documents."""
    return CheckedDrafts(tuple(tuple(checked_policy(path, catalogue)[1]) for path in files))
