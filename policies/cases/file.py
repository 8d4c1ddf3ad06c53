"""Reading a file of cases: its form, then every subject, feed, field, unit and value that it names.

A subject that is not understood is an error, never an empty world. Source: docs/en/semantics.md section 10.
"""

from __future__ import annotations

from policies.cases.checks import check_worlds
from policies.cases.forms import CaseFile
from policies.language.catalogue import Catalogue
from policies.problems.sentences_cases import CASES
from policies.yaml.document import load
from policies.yaml.report import Reporter
from policies.yaml.structure import validate_part

MAX_CASES_CHARACTERS = 2_000_000


def load_cases(text: str, file: str, catalogue: Catalogue | None = None) -> CaseFile:
    """Read the cases of a policy.

    Args:
        text: YAML.
        file: how to call it in messages.
        catalogue: where given, feeds, fields, units and values are checked against it.

    Raises:
        Invalid: with every problem found.
    """
    document = load(text, file, MAX_CASES_CHARACTERS)
    reporter = Reporter(document, CASES)
    cases = validate_part(CaseFile, document.data, (), reporter)
    if cases is not None:
        for position, case in enumerate(cases.cases):
            check_worlds(case, ("cases", position), catalogue, reporter)
    reporter.raise_errors()
    assert cases is not None  # or an error was raised
    return cases
