"""Which of the documents on disk are in effect: each as it is written now, or its earlier text where the new one is refused.

Called by ``infra.workspace.contracts``. A contract that has a problem, or would read stored records otherwise, does not stop other feeds:
its earlier text stays in effect, and the problem is reported with its place. Readers and writers use the same function. The rules of
growth are in ``policies.contracts.growth``, and those for stored records in ``streams.steps.admission``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from connectors.contracts.catalogue import read_catalogue, read_contract
from connectors.contracts.reporting import Problems
from policies.contracts.growth import succeeding
from policies.contracts.growthsteps import GrowthStep, steps
from policies.language.catalogue import Catalogue
from policies.problems.problems import Invalid, Problem
from policies.values import Text
from policies.yaml.document import Document, load

if TYPE_CHECKING:
    from streams.store.accepted_catalogues import AcceptedCatalogue  # brings SQLite along

UNITS = "units.yaml"
RefusedSteps: TypeAlias = Callable[[Catalogue], Sequence[GrowthStep]]
"""Gives the steps of a new catalogue that are refused."""


@dataclass(frozen=True, slots=True)
class IneffectiveDocument:
    """A document on disk that is not in effect.

    Args:
        feed: the feed of the contract; "" for units.yaml, and for a contract whose feed is not known.
        stays: an earlier text of it stays in effect.
    """

    file: str
    feed: str
    stays: bool
    why: Invalid

    @property
    def notice(self) -> Text:
        """One sentence for people who did something else."""
        first = self.why.problems[0].text
        stays = (
            Text("仍按上次生效的约定", "the one that held last stays in effect")
            if self.stays
            else Text("暂不算在内", "it counts for nothing yet")
        )
        zh = f"{self.file} 没有生效，{stays.zh}：{first.zh.rstrip('。')}（用 huimin feed check 查看）"
        return Text(zh, f"{self.file} is not in effect; {stays.en}: {first.en.rstrip('.')} (see huimin feed check)")


@dataclass(frozen=True, slots=True)
class EffectiveDocuments:
    """The texts of units.yaml and of the contracts that hold from the next write on.

    Args:
        contracts: texts by file name; an earlier text where the one on disk is refused.
        catalogue: the catalogue of these texts.
        steps: how it differs from the accepted catalogue; none before the first write.
        ineffective: the texts on disk that do not hold, each with its problems.
    """

    units: str
    contracts: dict[str, str]
    catalogue: Catalogue
    steps: list[GrowthStep] = field(default_factory=list)
    ineffective: list[IneffectiveDocument] = field(default_factory=list)

    def ineffective_contract(self, feed: str) -> IneffectiveDocument | None:
        """The contract of a feed that is not in effect; None where it is."""
        return next((document for document in self.ineffective if document.feed == feed), None)


def effective_documents(
    last: AcceptedCatalogue | None, units: str, contracts: Mapping[str, str], refused: RefusedSteps
) -> EffectiveDocuments:
    """Which of these documents are in effect.

    Args:
        last: the accepted catalogue; None before the first write.
        contracts: texts by file name.

    Raises:
        Invalid: nothing was accepted before, and a document has a problem.
    """
    if last is None:
        return EffectiveDocuments(units, dict(contracts), read_catalogue(units, contracts))
    wanted = {UNITS: units, **contracts}
    ineffective: dict[str, IneffectiveDocument] = {}
    while True:
        catalogue, wrong = _try_catalogue(last, wanted, refused)
        fresh = {problem.file for problem in wrong} - ineffective.keys()
        if catalogue is not None and not wrong:
            break
        if not fresh:  # the documents contradict each other, and not in a file that is still new
            fresh = {file for file, text in wanted.items() if _text_in_effect(last, file) != text}
            wanted = {UNITS: last.units, **last.contracts}
        for file in sorted(fresh):
            problems, earlier_text = [problem for problem in wrong if problem.file == file] or wrong, _text_in_effect(last, file)
            ineffective[file] = IneffectiveDocument(
                file, feed_of(earlier_text or wanted.get(file, ""), file), earlier_text is not None, Invalid(problems)
            )
            if earlier_text is not None:
                wanted[file] = earlier_text
            else:
                wanted.pop(file, None)
    units = wanted.pop(UNITS)
    return EffectiveDocuments(
        units, wanted, succeeding(last.catalogue, catalogue), steps(last.catalogue, catalogue), list(ineffective.values())
    )


def _try_catalogue(last: AcceptedCatalogue, wanted: Mapping[str, str], refused: RefusedSteps) -> tuple[Catalogue | None, list[Problem]]:
    """The catalogue of these documents, None where they have none, and their problems with files."""
    contracts = {file: text for file, text in wanted.items() if file != UNITS}
    if (wanted[UNITS], contracts) == (last.units, last.contracts):
        return last.catalogue, []
    try:
        catalogue = read_catalogue(wanted[UNITS], contracts)
    except Invalid as error:
        return None, list(error.problems)
    files = {feed_of(text, file): file for file, text in (*last.contracts.items(), *contracts.items())}
    return catalogue, [_problem_of_step(step, files.get(step.feed, UNITS), wanted) for step in refused(catalogue)]


def _problem_of_step(step: GrowthStep, file: str, wanted: Mapping[str, str]) -> Problem:
    """The problem of a refused step, at its place in the document; at the top where the place is gone."""
    document: Document | None = load(wanted[file], file) if file in wanted else None
    problems = Problems(document, file)
    problems.add("contract-rereads", step.place, step.whole.zh, step.whole.en)
    return problems.errors[0]


def _text_in_effect(last: AcceptedCatalogue, file: str) -> str | None:
    return last.units if file == UNITS else last.contracts.get(file)


def feed_of(text: str, file: str) -> str:
    """The feed of a contract; "" where it cannot be read."""
    if file == UNITS:
        return ""
    try:
        return read_contract(text, file).feed.name
    except Invalid:
        return ""
