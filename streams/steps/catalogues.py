"""Which catalogue may follow the present one: old records must keep their meaning, and published texts must stay valid policies.

``streams.steps.steps`` asks when a catalogue is set, ``infra.workspace.contracts`` before. Source: ``policies.contracts.growth``.
"""

from __future__ import annotations

from collections.abc import Iterator

from policies.contracts.growth import bounded_as, feeds_with_new_verdicts, refused_steps, succeeding
from policies.contracts.growthsteps import NEW_FIELD, steps
from policies.contracts.growthsteps import GrowthStep as GrowthStep
from policies.language.catalogue import Catalogue
from policies.problems.problems import Invalid
from policies.values import Text
from streams.language.errors import Refusal
from streams.steps.state import State


def following(state: State, catalogue: Catalogue) -> tuple[Catalogue, frozenset[str]]:
    """The new catalogue in the order of the present one, and the feeds by which verdicts may change.

    Raises:
        Refused: records would change their meaning, or a published text could not be read; the message names each, and the way out.
    """
    if not state.has_catalogue:
        return catalogue, frozenset()
    wrong = growth_problems(state, catalogue)
    if wrong:
        zh = "；".join(f"{step.feed or 'units.yaml'}：{step.whole.zh}" for step in wrong)
        en = " ".join(f"{step.feed or 'units.yaml'}: {step.whole.en}" for step in wrong)
        raise Refusal(Text(f"新目录会使已有的记录变成另一个意思：{zh}", f"By the new catalogue records would be read otherwise. {en}"), 3)
    return succeeding(state.catalogue, catalogue), feeds_with_new_verdicts(state.catalogue, catalogue)


def growth_problems(state: State, catalogue: Catalogue) -> list[GrowthStep]:
    """The forbidden steps from the present to another catalogue; empty if it may follow."""
    old = state.catalogue
    wrong = refused_steps(steps(old, catalogue), old, catalogue, state.matcher.extremes)
    return wrong or list(_unreadable(state, catalogue))


def _unreadable(state: State, catalogue: Catalogue) -> Iterator[GrowthStep]:
    """The published texts that would be invalid with other bounds of a field: a divisor or the key of a table must stay small."""
    others = feeds_with_new_verdicts(state.catalogue, catalogue)
    for versions in state.registry.versions.values() if others else ():
        for number, version in versions.items():
            name = version.policy.name
            if not others.intersection(version.policy.feeds):
                continue
            try:
                state.parts.read_policy(version.text, f"{name}@{number}", bounded_as(state.built_catalogues[version.catalogue], catalogue))
            except Invalid as error:
                feed = min(others.intersection(version.policy.feeds))
                wrong = next(problem for problem in error.problems if problem.severity == "error")
                zh, en = (f"{name}@{number}：{wrong.text.zh}", f"{name}@{number}: {wrong.text.en}")
                yield GrowthStep("rereads", feed, ("fields",), Text(zh, en), NEW_FIELD)
