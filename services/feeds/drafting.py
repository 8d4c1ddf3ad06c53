"""A feed contract proposed from a sample file, and what would be read of the file by it.

The verb ``feed draft`` calls this.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from policies.problems.problems import HuiminError
from policies.values import Text
from services.feeds.file_trial import BrokenRule, broken_rules
from services.lookup import workspace_or_none
from services.results import Sentence

if TYPE_CHECKING:
    from connectors.drafts.document import Places
    from infra.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class DraftedColumn:
    """What a column of the sample seems to hold.

    Args:
        use: the key of the contract that reads it: key, order, subject, from, to or field.
        empty: empty cells in the sample.
    """

    column: str
    use: tuple[str, ...]
    type: str
    empty: int
    why: Sentence


@dataclass(frozen=True, slots=True)
class FeedDraft:
    """A proposed contract.

    Args:
        contract: its YAML.
        out: the file that it was written to; null where it was shown.
        questions: what the steward has to decide.
        rows: rows of the sample; ``quarantined`` and ``unplaced`` of them would be so by this contract.
        broken: cells that it would not read, by column and rule.
        refused: why the sample would be refused by it; null where it is read.
    """

    feed: str
    file: str
    contract: str
    out: str | None
    questions: tuple[str, ...]
    columns: tuple[DraftedColumn, ...]
    rows: int
    blank: int
    footers: int
    quarantined: int
    unplaced: int
    broken: tuple[BrokenRule, ...]
    refused: Sentence | None


def feed_draft(
    workspace: Callable[[], Workspace], file: Path, day: date, language: str, *, name: str | None = None, sheets: Sequence[str] = (),
    out: Path | None = None,
) -> FeedDraft:  # fmt: skip
    """Propose a contract for files like this one, and try it on the file.

    Args:
        workspace: opens the workspace, whose units and numberings the contract names; there need not be one.
        day: of receipt, as which the file is tried.
        language: of the comments in the contract.
        name: of the feed; made from the file's name where it is None.
        sheets: of a workbook; none for the only visible one.
        out: where the contract is written; a file that is there is not written over.

    Raises:
        HuiminError: the name is none for a feed. Conflict: something is at ``out``.
        UnreadableFile: the file is no table that a contract could describe.
    """
    from connectors.drafts.document import choices_of
    from connectors.drafts.proposal import NAME, propose
    from connectors.intake.sample import sample_of
    from infra.workspace.destination import destination
    from streams.disk.files import write_whole

    if name is not None and not NAME.fullmatch(name):
        zh = f"“{name}”不能作数据源名；只用小写字母、数字和下划线，以字母开头，如 meal_cards。"
        en = f"{name!r} is no name for a feed: small letters, digits and _, beginning with a letter, such as meal_cards."
        raise HuiminError(Text(zh, en), 2)
    if out is not None:
        destination(out)
    proposal = propose(file, name, sheets, _places(workspace), day, language)
    sample = sample_of(proposal.feed, file, day)
    if out is not None:
        write_whole(out, proposal.text)
    uses = {key: choice.title for key, choice in choices_of(proposal.parts).items() if choice is not None}
    columns = tuple(
        DraftedColumn(
            g.column.title, tuple(key for key, title in uses.items() if title == g.column.title) or ("field",), g.type, g.empty, g.why
        )
        for g in proposal.guesses
    )
    return FeedDraft(
        proposal.feed.name, file.name, proposal.text, None if out is None else str(out), proposal.questions, columns,
        sample.rows, sample.blank, sample.passed_over, sample.quarantined, sample.unplaced, broken_rules(sample.by_rule), sample.refusal,
    )  # fmt: skip


def _places(workspace: Callable[[], Workspace]) -> Places:
    """What the workspace says that no file does: its only unit, and the numberings of its registers."""
    from connectors.drafts.document import Places

    there = workspace_or_none(workspace)
    if there is None:
        return Places()
    catalogue = there.catalogue()
    units = list(catalogue.units.values())
    spaces = {feed.registers: feed.identify.space for feed in catalogue.feeds.values() if feed.registers is not None}
    if len(units) != 1:
        return Places(spaces=spaces)
    return Places(units[0].id, units[0].division, spaces)
