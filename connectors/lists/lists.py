"""The rows of a list with the people on it: the only place where a token becomes a name again.

Services export these rows. They hold the identifier, the fields that the policy discloses and the agreement allows, the status and the open
questions, and nothing else. The agreement is checked again here, because it may have ended since the policy was checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import date
from typing import Protocol

from connectors.identity.vault import Vault
from connectors.lists.exports import Sheet
from policies.language.catalogue import Catalogue, Feed
from policies.language.tree import Check, FieldRef, Policy, leaves
from policies.problems.problems import HuiminError
from policies.values import Kind, Text

STATUS: Mapping[str, Text] = {
    "eligible": Text("符合条件", "eligible"),
    "to_check": Text("待核实", "to check"),
    "needs_evidence": Text("缺证据", "needs evidence"),
}
IDENTIFIER = {
    Kind.PERSON: Text("身份号码", "Resident number"),
    Kind.HOUSEHOLD: Text("户号", "Household number"),
    Kind.DWELLING: Text("房屋编号", "Property number"),
}
_STREET = Text("街镇", "Street")
TOKEN = Text("代号", "Token")
_HEADERS = (
    Text("区划", "Division"),
    Text("状态", "Status"),
    Text("待核实事项", "To check"),
    Text("缺的证据", "Missing"),
    TOKEN,
)
_STILL_YES = Text("无论所缺的值是什么都符合", "yes whatever the missing value is")


class ExportedCandidate(Protocol):
    """A candidate of ``matchers.core.Matcher.candidates``."""

    @property
    def subject(self) -> int: ...
    @property
    def status(self) -> str | None: ...
    @property
    def checklist(self) -> tuple[str, ...]: ...
    @property
    def missing(self) -> tuple[tuple[str, str | None], ...]: ...
    @property
    def division(self) -> str | None: ...


def list_sheet(
    policy: Policy, candidates: Sequence[ExportedCandidate], values: Mapping[int, Mapping[str, str]], catalogue: Catalogue, vault: Vault,
    today: date, language: str = "zh", places: Mapping[str, Text] | None = None, still: Set[int] = frozenset(),
    merged: Mapping[int, int] | None = None,
) -> Sheet:  # fmt: skip
    """The list of a policy as its agency sees it.

    Args:
        candidates: the candidates on the list.
        values: by token, the text of each disclosed field that is no identity, by ``feed.field`` (``Matcher.disclosed``).
        today: the day on which the agreements must hold.
        places: the known names of divisions, by code; there is no column of names where none of the list's is known.
        still: the tokens of candidates that are still yes (glossary); their status says so.
        merged: by merged subject, the subject it counts as; its identity is shown where the other's is not known.

    Returns:
        A sheet ordered by division, status, identifier and token. The identifier of a token that the vault does not know is empty.

    Raises:
        HuiminError: a disclosed field is not, or no longer, covered by its agreement.
    """
    for ref in policy.discloses:
        _check_agreement(ref, policy, catalogue, today)
    tokens = [c.subject for c in candidates]
    listed_subjects = set(tokens)
    others = {other: into for other, into in sorted((merged or {}).items()) if into in listed_subjects}
    ids = _with_merged(dict(vault.who(policy.subject, [*tokens, *others]).rows()), others)
    texts = {ref: _texts(ref, catalogue.feeds[ref.feed], tokens, others, values, vault) for ref in policy.discloses}
    words = _words(policy, language)
    rows = sorted((_order(c, ids), _row(c, ids, texts, words, catalogue, language, c.subject in still)) for c in candidates)
    disclosed_titles = tuple(catalogue.feeds[ref.feed].fields[ref.field].title[language] for ref in policy.discloses)
    header = (IDENTIFIER[policy.subject][language], *disclosed_titles, *(title[language] for title in _HEADERS))
    return _with_streets(Sheet(policy.title[language], header, [row for _, row in rows]), 1 + len(disclosed_titles), places or {}, language)


def is_list_header(header: Sequence[str]) -> bool:
    """Whether this is the header of a list of any policy, in either language, without a column added behind it."""
    for language in ("zh", "en"):
        columns = [column for column in header if column != _STREET[language]]
        if columns[-len(_HEADERS) :] == [title[language] for title in _HEADERS]:
            return columns[0] in {title[language] for title in IDENTIFIER.values()}
    return False


def _with_streets(sheet: Sheet, division: int, places: Mapping[str, Text], language: str) -> Sheet:
    """The sheet with a column of names behind the codes of divisions, where any name is known."""
    names = [places[row[division]][language] if row[division] in places else "" for row in sheet.rows]
    if not any(names):
        return sheet
    behind = division + 1
    header = (*sheet.header[:behind], _STREET[language], *sheet.header[behind:])
    return Sheet(sheet.title, header, [(*row[:behind], name, *row[behind:]) for row, name in zip(sheet.rows, names, strict=True)])


def _check_agreement(ref: FieldRef, policy: Policy, catalogue: Catalogue, today: date) -> None:
    agreement = catalogue.feeds[ref.feed].agreement
    if ref.field in agreement.discloses and agreement.permits(policy.purpose, today):
        return
    name = f"{ref.feed}.{ref.field}"
    zh = f"协议不允许(或已到期)向“{policy.agency}”提供 {name}，名单未导出。请续签协议，或从政策的 discloses 中删去该字段。"
    en = (
        f"The agreement does not let {name} go to {policy.agency} (or has ended), so nothing was exported. "
        "Renew it, or drop the field from `discloses`."
    )
    raise HuiminError(Text(zh, en), 3)


def _with_merged(texts: Mapping[int, str], others: Mapping[int, int]) -> dict[int, str]:
    """The texts by token; a subject without one gets the text of a subject that was merged into it."""
    return {into: texts[other] for other, into in others.items() if other in texts} | dict(texts)


def _texts(
    ref: FieldRef, feed: Feed, tokens: Sequence[int], others: Mapping[int, int], values: Mapping[int, Mapping[str, str]], vault: Vault
) -> Mapping[int, str]:
    """The text of one disclosed field, by token."""
    if feed.fields[ref.field].identity:
        return _with_merged(dict(vault.look_up(feed, [*tokens, *others], [ref.field]).select("token", ref.field).rows()), others)
    name = f"{ref.feed}.{ref.field}"
    return {token: of_token.get(name, "") for token, of_token in values.items()}


def _words(policy: Policy, language: str) -> dict[str, str]:
    """The words for criteria on the list, by id: the question of a check, the label of another criterion where it has one."""
    called = {leaf.meta.id: leaf.meta.label[language] for leaf in leaves(policy.criteria) if leaf.meta.label}
    return called | {leaf.meta.id: leaf.text[language] for leaf in leaves(policy.criteria) if isinstance(leaf, Check)}


def _order(c: ExportedCandidate, ids: Mapping[int, str]) -> tuple[str, str, str, int]:
    return (c.division or "", c.status or "", ids.get(c.subject, ""), c.subject)


def _row(
    c: ExportedCandidate,
    ids: Mapping[int, str],
    texts: Mapping[FieldRef, Mapping[int, str]],
    words: Mapping[str, str],
    catalogue: Catalogue,
    language: str,
    still: bool,
) -> tuple[str, ...]:
    status = STATUS[c.status][language] if c.status else ""
    if still:
        status += f"（{_STILL_YES.zh}）" if language == "zh" else f" ({_STILL_YES.en})"
    missing = "; ".join(
        words.get(criterion, criterion) + (f" ({catalogue.feeds[feed].title[language]})" if feed else "") for criterion, feed in c.missing
    )
    checklist = "; ".join(words.get(check, check) for check in c.checklist)
    disclosed = (texts[ref].get(c.subject) or "" for ref in texts)
    return (ids.get(c.subject, ""), *disclosed, c.division or "", status, checklist, missing, f"{c.subject:016x}")
