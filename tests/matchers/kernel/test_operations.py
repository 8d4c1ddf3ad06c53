"""The table of operations: the compiler writes every operation, and the interpreter knows these operations only."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from matchers import worlds
from matchers.core import Matcher
from matchers.kernel.kernels import cells, interpreter, logic, opcodes, sets
from matchers.kernel.kernels.opcodes import CODES, OPERATIONS, Operation
from matchers.kernel.layout import KINDS
from matchers.lists.compare import rows_with_verdict
from matchers.lists.verdicts import WORDS
from matchers.program.compile import compile_policies
from matchers.reading.explain import verdict
from policies.language.tree import Policy
from policies.values import Kind
from tests.matchers import network, presence
from tests.matchers.presence import COVERED, DAY, STREET, WorldData

HOUSEHOLDS_OF_OCCUPANTS = presence.policy(presence.leaf("occupancy.household.members", quantifier="none"), "dwelling")
RUN = ast.parse(Path(interpreter.__file__).read_text("utf-8"))


def function_name(kind: type[Operation]) -> str:
    """The name of an operation's function: ``mark_unknown`` for ``MarkUnknown``. In capitals it is the name of its code."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def branches() -> dict[str, ast.Call]:
    """By the name of a code, the call the interpreter makes for it."""
    tests = (node for node in ast.walk(RUN) if isinstance(node, ast.If) and ast.unparse(node.test).startswith("code == opcodes."))
    calls = {ast.unparse(node.test).removeprefix("code == opcodes."): node.body[0] for node in tests}
    return {
        name: body.value for name, body in calls.items() if isinstance(body, ast.Assign | ast.Expr) and isinstance(body.value, ast.Call)
    }


@pytest.mark.parametrize("kind", OPERATIONS, ids=lambda kind: kind.__name__)
def test_an_operation_is_carried_out_with_the_operands_of_the_table(kind: type[Operation]) -> None:
    """The code of an operation has its name, and the interpreter calls the function of that name with all operands in order."""
    name = function_name(kind)
    call = branches()[name.upper()]
    operands = [ast.unparse(argument) for argument in call.args][-len(kind._fields) :]
    function = next(getattr(module, name) for module in (cells, logic, sets) if hasattr(module, name))
    parameters = list(inspect.signature(function.py_func).parameters)

    assert getattr(opcodes, name.upper()) == CODES[kind]
    assert ast.unparse(call.func) == f"{function.py_func.__module__.rsplit('.', 1)[-1]}.{name}"
    assert operands == [f"op[{at + 1}]" for at in range(len(kind._fields))]
    assert tuple(parameters[-len(kind._fields) :]) == kind._fields


def test_the_interpreter_knows_no_operation_beside_the_table() -> None:
    """The interpreter has one branch for each operation."""
    assert sorted(branches()) == sorted(function_name(kind).upper() for kind in OPERATIONS)


def opcodes_of(matcher: Matcher, policies: Sequence[Policy], *, verdicts: bool) -> set[int]:
    """The operation codes in the programs of these policies."""
    codes: set[int] = set()
    for kind, name in enumerate(KINDS):
        of_kind = [(policy, True) for policy in policies if policy.subject == name]
        program = compile_policies(matcher.store.layout, kind, of_kind, matcher.check_number, matcher.code_of, verdicts=verdicts)
        codes |= set(program.ops[:, 0].tolist())
    return codes


def test_every_operation_is_written_for_some_policy() -> None:
    """Random policies, compiled for statuses and for verdicts, and a policy with a link behind a set use every operation."""
    rng, matcher = Random(7), Matcher(network.catalogue(), DAY)
    policies = [network.random_valid_policy(rng, name=f"p{number}")[1] for number in range(300)]

    codes = opcodes_of(matcher, policies, verdicts=False) | opcodes_of(matcher, policies, verdicts=True)
    codes |= opcodes_of(Matcher(presence.catalogue(), DAY), [HOUSEHOLDS_OF_OCCUPANTS], verdicts=False)

    assert [kind.__name__ for kind in OPERATIONS if CODES[kind] not in codes] == []


@pytest.mark.parametrize(("feeds", "expected"), [
    ({"occupancy": {"lives_at": "d", "relation_to_tenant": "kin"}}, "unknown"),
    ({"hukou": {"division": STREET}, "occupancy": {"lives_at": "d", "relation_to_tenant": "kin"}}, "unknown"),
    ({"hukou": {"division": STREET}, "household": "h", "occupancy": {"lives_at": "d", "relation_to_tenant": "kin"}}, "no"),
    ({"hukou": {"division": STREET}}, "yes"),
])  # fmt: skip
def test_a_set_behind_an_empty_link_behind_a_set_is_not_complete(feeds: WorldData, expected: str) -> None:
    """It is unknown whether the occupants' households are empty where an occupant names no household."""
    dwelling, household = {"dwelling": {"division": STREET}}, {"household": {"division": STREET}}
    world = {"persons": {"p": feeds}, "households": {"h": household}, "dwellings": {"d": dwelling}, "coverage": COVERED}
    matcher = worlds.load(presence.catalogue(), world, DAY)

    rows, verdicts = rows_with_verdict(matcher, HOUSEHOLDS_OF_OCCUPANTS, DAY)

    assert [WORDS[code] for code in verdicts.tolist()] == [expected] and len(rows) == 1
    assert verdict(matcher, HOUSEHOLDS_OF_OCCUPANTS, worlds.token(Kind.DWELLING, "d"), DAY).verdict == expected
