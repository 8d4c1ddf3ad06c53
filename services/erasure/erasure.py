"""The result of an erasure, and the erasures of a workspace.

``services.erasure.erasing`` makes them, ``huimin erase`` shows them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from policies.problems.problems import HuiminError
from policies.values import Text
from services.results import Key

if TYPE_CHECKING:
    from connectors.erasure.copies import ScrubbedCopies
    from connectors.kafka.topic_erasure import TopicErasure
    from infra.workspace.workspace import Workspace
    from streams.erasure.scrub import ScrubReport


@dataclass(frozen=True, slots=True)
class ErasedTopics:
    """Messages that were deleted from the topics of a network, and written again."""

    deleted: int
    rewritten: int


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure has done.

    Args:
        day: of the decision.
        already: it was finished before; nothing was done.
        lists: the person's status on each list, by policy.
        left: files that could not be read or written, and so may still hold the person; the erasure is not done.
        copies, files: rows taken out of copies, and files written anew, by kind of file.
        vault: rows that went from the vault.
        network: what was done in the topics, on a network.
        inputs, outputs: rows of the log written anew.
        snapshots, removed: checkpoints of the state that were written anew, and that were removed.
        editions: the number of editions that the person was in, by policy.
        released: research snapshots on record. No erasure here reaches their copies outside the workspace, which may hold the person.
    """

    day: Annotated[date, Key("erased")]
    already: bool
    lists: Mapping[str, str]
    left: tuple[str, ...]
    copies: Mapping[str, int]
    files: Mapping[str, int]
    vault: int
    network: ErasedTopics | None
    inputs: int
    outputs: int
    snapshots: int
    removed: int
    editions: Mapping[str, int]
    released: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ErasureEntry:
    """An erasure in the ledger: its day, its message and who decided it; without the erased person."""

    day: date
    message: int
    reason: str
    by: str
    approved_by: str


@dataclass(frozen=True, slots=True)
class NothingUnfinished:
    """No erasure is unfinished."""

    finished: Literal[False] = False


@dataclass(slots=True)
class ErasureWork:
    """The work that an erasure has done so far."""

    day: date
    copies: ScrubbedCopies | None = None
    vault: int = 0
    store: ScrubReport | None = None
    network: TopicErasure | None = None
    left: list[str] = field(default_factory=list)
    released: list[str] = field(default_factory=list)

    def result(self, lists: Mapping[str, str], editions: Mapping[str, int], is_known: bool) -> Erasure:
        """The result of this work.

        Args:
            is_known: the person had been erased before.
        """
        from connectors.erasure.copies import ScrubbedCopies
        from streams.erasure.scrub import ScrubReport

        copies, store = self.copies or ScrubbedCopies(), self.store or ScrubReport()
        topics = None if self.network is None else ErasedTopics(self.network.deleted, self.network.rewritten)
        already = is_known and not (self.left or self.vault or copies.rows)
        return Erasure(
            self.day, already, dict(lists), tuple(self.left), dict(copies.rows), dict(copies.files), self.vault, topics, store.inputs,
            store.outputs, store.snapshots, store.removed, {**store.editions, **editions}, tuple(self.released),
        )  # fmt: skip


class ErasureIncomplete(HuiminError):
    """Not all of a person is erased (operator: mend or remove the files, then finish; 1)."""

    def __init__(self, files: Sequence[str]) -> None:
        names = ", ".join(files)
        zh = f"没有删净：这些文件读不出、写不进，或程序不认识而仍含此人：{names}。请修好、自行处理或删除它们，再运行 huimin erase finish。"
        en = (
            f"Not all is erased: these files cannot be read or written, or hold the person and are of no kind known here: {names}. Mend "
            "them, deal with them or remove them, then run huimin erase finish."
        )
        super().__init__(Text(zh, en))


def erasures(workspace: Workspace) -> list[ErasureEntry]:
    """The erasures that were decided, in their order."""
    with workspace.reading() as host:
        return [ErasureEntry(erased.day, erased.offset, erased.reason, erased.by, erased.approved_by) for erased in host.state.erasures]
