"""What of the documents on disk is in effect: the contracts as they are written now, where those may follow the ones that hold.

The one idea: one contract that is torn, or would read records otherwise than they came, stops nobody else. In its place the text that holds
stays; it is told where it stands, why, and the way out. The next write, and whoever only looks, ask the same function. Who calls it:
``infra.workspace.workspace``. What may follow what: ``policies.contracts.growth``, and what is stored (``streams.steps.admission``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from connectors.contracts.catalogue import read_catalogue, read_contract
from connectors.contracts.reporting import Problems
from policies.contracts.growth import succeeding
from policies.contracts.growthsteps import Step, steps
from policies.language.catalogue import Catalogue
from policies.problems.problems import Invalid, Problem
from policies.values import Text
from policies.yaml.document import Document, load

if TYPE_CHECKING:
    from streams.store.accepted_catalogues import AcceptedCatalogue  # brings SQLite along

UNITS = "units.yaml"
Refused: TypeAlias = Callable[[Catalogue], Sequence[Step]]
"""What of a catalogue may not follow the one that holds."""


@dataclass(frozen=True, slots=True)
class Held:
    """A document on disk that is not in effect.

    Args:
        feed: whose contract it is; "" of units.yaml and of a contract that nothing is known of.
        stays: an earlier text of it holds.
    """

    file: str
    feed: str
    stays: bool
    why: Invalid

    @property
    def told(self) -> Text:
        """One sentence for whoever did something else."""
        first = self.why.problems[0].text
        stays = (
            Text("仍按上次生效的约定", "the one that held last stays in effect")
            if self.stays
            else Text("暂不算在内", "it counts for nothing yet")
        )
        zh = f"{self.file} 没有生效，{stays.zh}：{first.zh.rstrip('。')}（用 huimin feed check 查看）"
        return Text(zh, f"{self.file} is not in effect; {stays.en}: {first.en.rstrip('.')} (see huimin feed check)")


@dataclass(frozen=True, slots=True)
class InEffect:
    """The documents that hold from the next write on, what they are, and what they add to what holds; and which do not hold."""

    units: str
    contracts: dict[str, str]
    catalogue: Catalogue
    steps: list[Step] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)

    def because(self, feed: str) -> Held | None:
        """Why the contract of a feed is not in effect; None where it is."""
        return next((one for one in self.held if one.feed == feed), None)


def in_effect(last: AcceptedCatalogue | None, units: str, contracts: Mapping[str, str], refused: Refused) -> InEffect:
    """What is in effect of these documents.

    Args:
        last: None before the first write.
        contracts: texts by file name.

    Raises:
        Invalid: nothing was accepted before, and some document has a problem.
    """
    if last is None:
        return InEffect(units, dict(contracts), read_catalogue(units, contracts))
    wanted = {UNITS: units, **contracts}
    held: dict[str, Held] = {}
    while True:
        catalogue, wrong = _tried(last, wanted, refused)
        fresh = {problem.file for problem in wrong} - held.keys()
        if catalogue is not None and not wrong:
            break
        if not fresh:  # the documents disagree among themselves, and none of those named is the one to blame
            fresh = {file for file, text in wanted.items() if _kept(last, file) != text}
            wanted = {UNITS: last.units, **last.contracts}
        for file in sorted(fresh):
            found, kept = [problem for problem in wrong if problem.file == file] or wrong, _kept(last, file)
            held[file] = Held(file, feed_of(kept or wanted.get(file, ""), file), kept is not None, Invalid(found))
            if kept is not None:
                wanted[file] = kept
            else:
                wanted.pop(file, None)
    units = wanted.pop(UNITS)
    return InEffect(units, wanted, succeeding(last.catalogue, catalogue), steps(last.catalogue, catalogue), list(held.values()))


def _tried(last: AcceptedCatalogue, wanted: Mapping[str, str], refused: Refused) -> tuple[Catalogue | None, list[Problem]]:
    """The catalogue of these documents where they have one, and what is wrong, each with its file."""
    contracts = {file: text for file, text in wanted.items() if file != UNITS}
    if (wanted[UNITS], contracts) == (last.units, last.contracts):
        return last.catalogue, []
    try:
        catalogue = read_catalogue(wanted[UNITS], contracts)
    except Invalid as error:
        return None, list(error.problems)
    files = {feed_of(text, file): file for file, text in (*last.contracts.items(), *contracts.items())}
    return catalogue, [_placed(step, files.get(step.feed, UNITS), wanted) for step in refused(catalogue)]


def _placed(step: Step, file: str, wanted: Mapping[str, str]) -> Problem:
    """A step that is refused, with its place in the document; at its top where that is gone."""
    document: Document | None = load(wanted[file], file) if file in wanted else None
    problems = Problems(document, file)
    problems.add("contract-rereads", step.place, step.whole.zh, step.whole.en)
    return problems.found[0]


def _kept(last: AcceptedCatalogue, file: str) -> str | None:
    return last.units if file == UNITS else last.contracts.get(file)


def feed_of(text: str, file: str) -> str:
    """The feed a contract is of; "" where that cannot be read."""
    if file == UNITS:
        return ""
    try:
        return read_contract(text, file).feed.name
    except Invalid:
        return ""
