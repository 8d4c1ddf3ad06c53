"""The preview of a policy in words: its funnel, notes, the table of streets, and data for JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.text.clauses import Clauses
from console.text.comparisons import ComparisonInWords, comparison_in_words
from console.text.criteria import EXCEPT
from console.text.words import STATUSES, number, street
from policies.values import Text
from services.policies.preview import FunnelStage, PolicyPreview
from services.results import facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.policies.preview import SparseFeed


@dataclass(frozen=True, slots=True)
class StageInWords(FunnelStage):
    """One more criterion of a funnel.

    Args:
        tests: what it tests.
    """

    tests: str


@dataclass(frozen=True, slots=True)
class PreviewInWords(PolicyPreview):
    """What publishing a policy would do."""

    funnel: list[StageInWords]  # type: ignore[assignment]  # a list of more
    difference: ComparisonInWords | None


def preview_in_words(preview: PolicyPreview, language: str) -> PreviewInWords:
    """A preview with its criteria and differences in words."""
    stages = zip(preview.funnel, stage_words(preview), strict=True)
    words = [StageInWords(**facts(stage), tests=clause[language] or label[language]) for stage, (label, clause) in stages]
    beside = None if preview.difference is None else comparison_in_words(preview.difference, language)
    return PreviewInWords(**{**facts(preview), "funnel": words, "difference": beside})


def stage_words(preview: PolicyPreview) -> list[tuple[Text, Text]]:
    """The label and the clause of each criterion in the funnel; the clause is '' where it would repeat the label."""
    zh, en = (Clauses(preview.catalogue, language, preview.definition.params) for language in ("zh", "en"))
    words = []
    for stage in preview.funnel:
        without = EXCEPT if stage.excluded else Text("", "")
        clause = Text(zh.clause(stage.node), en.clause(stage.node))
        label = stage.node.meta.label or clause
        words.append((Text(without.zh + label.zh, without.en + label.en), Text("", "") if label is clause else clause))
    return words


def undelivered_words(preview: PolicyPreview) -> list[Text]:
    """A sentence for each feed without any delivery."""
    titles = (preview.catalogue.feeds[name].title for name in preview.undelivered)
    return [Text(f"数据源“{title.zh}”还没有交付过任何数据。", f"Nothing has been delivered yet of {title.en}.") for title in titles]


def sparse_words(preview: PolicyPreview) -> list[Text]:
    """A sentence for each feed whose missing records leave much of the list without evidence, with what to change in the policy."""
    return [_sparse(feed, preview) for feed in preview.sparse]


def _sparse(of: SparseFeed, preview: PolicyPreview) -> Text:
    title, without, listed = preview.catalogue.feeds[of.feed].title, number(of.without), number(preview.listed)
    return Text(
        f"名单上 {listed} 个对象中有 {without} 个因“{title.zh}”没有记录而列为缺证据。如果没有记录就是不符合，请改用 some、"
        f"over: {of.feed}；如果没有记录有确定的值，请在约定的 {of.field} 写 no_record。",
        f"{without} of the {listed} on the list lack evidence because they have no record of {title.en}. If no record means "
        f"no, use some with over: {of.feed}; if it means a value, declare no_record for {of.field} in the contract.",
    )


def listed_table(preview: PolicyPreview, language: str) -> tuple[list[Text], list[list[str]]]:
    """The columns and rows of the table of candidates: a row for each division, and the sums."""
    counts = {(line.division, line.status): line.count for line in preview.streets}
    used = [status for status in STATUSES if status and any(line.status == status for line in preview.streets)]
    places = sorted({line.division for line in preview.streets}, key=str)
    columns = [Text("街镇", "street"), *(STATUSES[status] for status in used), Text("合计", "in all")]
    names = preview.catalogue.divisions
    rows = [[street(place, names, language), *_counts_and_sum([counts.get((place, status), 0) for status in used])] for place in places]
    sums = [sum(counts.get((place, status), 0) for place in places) for status in used]
    return columns, [*rows, [Text("合计", "in all")[language], *_counts_and_sum(sums)]]


def _counts_and_sum(counts: Sequence[int]) -> list[str]:
    """Counts and their sum as cells."""
    return [number(count) for count in (*counts, sum(counts))]
