"""Which of a workspace's documents are in effect, and what they add to the catalogue that was accepted last.

The next write, the reader of a draft, ``feed check`` and the doctor get the same answer here. Records are opened only where they decide:
for a narrower bound, or one on which published policies rest. Called by ``infra.workspace.workspace``, ``services.feeds`` and
``services.health.examination``.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from policies.problems.characters import lines
from policies.problems.problems import HuiminError, Invalid, Problem
from policies.values import Text

if TYPE_CHECKING:
    from connectors.contracts.in_effect import EffectiveDocuments
    from policies.contracts.growthsteps import GrowthStep
    from policies.language.catalogue import Catalogue
    from streams.host import Host
    from streams.language.messages import CatalogueSet
    from streams.steps.state import State


class WorkspaceDocuments(Protocol):
    """The part of a workspace that is used here (``infra.workspace.workspace``)."""

    @property
    def network(self) -> str | None: ...
    @property
    def empty(self) -> bool: ...
    def documents(self) -> tuple[str, dict[str, str]]: ...
    def folder(self, name: str) -> Path: ...
    @property
    def head(self) -> Path: ...
    def log_key(self) -> bytes: ...
    def reading(self) -> AbstractContextManager[Host]: ...
    def say_not_in_effect(self, documents: EffectiveDocuments) -> None: ...


def in_effect(workspace: WorkspaceDocuments, contracts: Mapping[str, str] | None = None, units: str | None = None) -> EffectiveDocuments:
    """The documents in effect, of those on disk or of others in their place.

    Raises:
        Invalid: before the first write, with every problem of every document.
    """
    from connectors.contracts.catalogue import read_catalogue
    from connectors.contracts.in_effect import effective_documents as in_effect_of
    from streams.language.errors import Busy
    from streams.store.accepted_catalogues import accepted_catalogue

    own_units, own = workspace.documents()
    documents = (own_units if units is None else units, own if contracts is None else contracts)
    if workspace.network is not None:
        try:
            with workspace.reading() as host:
                return _with_reasons(workspace, in_effect_on(host.state, *documents))
        except Busy:  # another process follows the network here, and decides what is in effect; a draft is read by the documents meanwhile
            return in_effect_of(None, *documents, lambda catalogue: ())
    last = None
    if not workspace.empty:
        last = accepted_catalogue(workspace.folder("state"), read_catalogue, program(), workspace.log_key(), workspace.head)
    if last is None:
        return in_effect_of(None, *documents, lambda catalogue: ())
    catalogue = last.catalogue
    return _with_reasons(workspace, in_effect_of(last, *documents, lambda wanted: _refused_steps(workspace, catalogue, wanted)))


def in_effect_with(
    workspace: WorkspaceDocuments, contracts: Mapping[str, str] | None = None, units: str | None = None, files: Collection[str] = ()
) -> EffectiveDocuments:
    """The documents in effect once others stand in the place of those on disk.

    Args:
        files: documents that must be in effect.

    Raises:
        Invalid: one of these would not be in effect, or a document that is in effect now would not be any more; with every problem.
    """
    result = in_effect(workspace, contracts, units)
    before = {(document.file, document.why.problems) for document in in_effect(workspace).ineffective} if result.ineffective else set()
    fresh = [document for document in result.ineffective if document.file in files or (document.file, document.why.problems) not in before]
    own = [document for document in fresh if document.file in files]  # problems that follow from these are not named besides
    if fresh:
        raise Invalid(problem for document in own or fresh for problem in document.why.problems)
    return result


def catalogue_update(workspace: WorkspaceDocuments, state: State) -> CatalogueSet | None:
    """The message that updates a state's catalogue to the documents, as far as they may follow it; None where nothing differs.

    Also says which documents are not in effect.
    """
    from streams.language.messages import CatalogueSet

    documents = _with_reasons(workspace, in_effect_on(state, *workspace.documents()))
    workspace.say_not_in_effect(documents)
    message = CatalogueSet(documents.units, documents.contracts)
    return None if state.has_catalogue and state.catalogues[-1] == message else message


def in_effect_on(state: State, units: str, contracts: Mapping[str, str]) -> EffectiveDocuments:
    """The documents in effect beside a given state."""
    from connectors.contracts.in_effect import effective_documents as in_effect_of
    from streams.steps.catalogues import growth_problems
    from streams.store.accepted_catalogues import AcceptedCatalogue

    last = AcceptedCatalogue(state.catalogues[-1].units, state.catalogues[-1].contracts, state.catalogue) if state.has_catalogue else None
    return in_effect_of(last, units, contracts, lambda wanted: growth_problems(state, wanted))


def _with_reasons(workspace: WorkspaceDocuments, documents: EffectiveDocuments) -> EffectiveDocuments:
    """The same documents, with better reasons: what a file that is no UTF-8 looks like, and that units.yaml is gone."""
    from dataclasses import replace

    from connectors.contracts.in_effect import UNITS
    from infra.workspace.texts import text_of

    for place, document in enumerate(documents.ineffective):
        try:
            text_of(workspace.folder("feeds").parent / document.file)
        except FileNotFoundError:
            if document.file != UNITS:
                continue
            text = Text("文件不见了。请从备份或版本库恢复它", "The file is gone. Restore it from a backup or version control")
        except HuiminError as error:
            text = error.text
        else:
            continue
        documents.ineffective[place] = replace(document, why=Invalid([Problem("encoding", "error", document.file, 1, 1, "", text)]))
    return documents


def _refused_steps(workspace: WorkspaceDocuments, holds: Catalogue, wanted: Catalogue) -> Sequence[GrowthStep]:
    from policies.contracts.growth import feeds_with_new_verdicts
    from policies.contracts.growthsteps import steps

    differences = steps(holds, wanted)
    wrong = [step for step in differences if step.kind == "rereads"]
    if wrong or not (feeds_with_new_verdicts(holds, wanted) or any(step.kind == "narrows" for step in differences)):
        return wrong
    from streams.steps.catalogues import growth_problems  # brings the kernels along

    with workspace.reading() as host:
        return growth_problems(host.state, wanted)


def deliverable(workspace: WorkspaceDocuments, feed: str) -> Catalogue:
    """The catalogue by which files of a feed are taken in now.

    Raises:
        HuiminError: the feed's contract on disk is not in effect: files would be read by one that somebody meant to change.
    """
    documents = in_effect(workspace)
    document = documents.ineffective_contract(feed)
    if document is not None:
        zh = f"{document.file} 没有生效，{feed} 暂不接收文件；请先改好它，再接收。"
        en = f"{document.file} is not in effect, so no file of {feed} is taken in. Mend it first, then take the file in."
        raise HuiminError(Text(lines([zh, document.why.text.zh]), lines([en, document.why.text.en])), 3)
    workspace.say_not_in_effect(documents)
    return documents.catalogue


@cache
def program() -> str:
    """The digest of the code that reads documents; documents that other code checked are checked again."""
    import connectors
    import policies

    digest = sha256()
    for package in (policies, connectors):
        for path in sorted(Path(folder) / name for folder in package.__path__ for name in os.listdir(folder) if name.endswith(".py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:32]
