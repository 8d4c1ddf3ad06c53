"""An explanation as people read it: criterion by criterion, with article, mark, record, and who holds what is missing.

The one idea: the same nodes the verdict was made from, in the order of the document; those that decide it are bold, the others dim. No
key and no number of a record is ever shown, only whose it is, its version and the fields that were read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from console.found import found_words
from console.held import beside
from console.outcomes import finding_data, finding_text
from console.rules import heading, tested, walk
from console.session import Session
from console.words import MARKS, STATUSES, STILL_YES, STYLES, VERDICTS, place, street, token
from infra.evaluate import core
from policies.catalogue import FieldType
from policies.tree import Node
from policies.values import Text

if TYPE_CHECKING:
    from matchers.explain import Criterion, Explanation, Fact
    from policies.catalogue import Catalogue, Field
    from policies.tree import Policy
    from streams.state import State

EPOCH = date(1970, 1, 1)


def mark(criterion: Criterion) -> str:
    """T, F or U."""
    return {True: "T", False: "F", None: "U"}[criterion.truth]


def show_explanation(session: Session, state: State, policy: Policy, subject: int) -> None:
    """The verdict, its criteria as a tree, what would settle it, and until when it stands."""
    from infra.held import held_on

    found = core(state).explain(policy.name, subject)
    language, catalogue = session.language, state.catalogue
    out = session.console(stderr=session.json)
    session.say(_headline(found, language, told_otherwise=root(state, policy, subject) in state.book.on(policy.name)), "bold")
    if (back := held_on(state, policy.name).get(root(state, policy, subject))) is not None:
        session.say(beside(state, *back), "yellow")
    if (finding := state.findings.of(policy.name, subject)) is not None:
        session.say(finding_text(state, finding), "yellow")
    if found.verdict.verdict is None:
        if (other := state.identities.root(policy.subject.value, subject)) != subject:
            session.say(Text(f"→ 已并入 {token(other)}，请查后者。", f"→ It counts as {token(other)}: ask about that one."), "yellow")
        return
    out.print(_tree(found, catalogue, language))
    for line in _open_points(found, catalogue):
        session.say(line, "yellow")
    if found.verdict.status == "needs_evidence" and core(state).still_yes(policy.name, subject):
        session.say(STILL_YES, "green")
    session.say(_until(found.verdict.until))


def root(state: State, policy: Policy, subject: int) -> int:
    """Whom a subject counts as, where it was merged into another."""
    return state.identities.root(policy.subject, subject)


def _headline(found: Explanation, language: str, *, told_otherwise: bool) -> Text:
    verdict, policy = found.verdict, found.policy
    where = street(found.division, language)
    if verdict.verdict is None:
        zh = f"{policy.title.zh} · {token(found.subject)}：不作判定（未登记，或在范围 {policy.scope} 之外）"
        return Text(zh, f"{policy.title.en} · {token(found.subject)}: no verdict (not registered, or outside {policy.scope})")
    word, listing = VERDICTS[verdict.verdict], _listing(verdict.status, told_otherwise=told_otherwise)
    return Text(
        f"{policy.title.zh} · {token(found.subject)}（{where}，{found.day}）：{word.zh}，{listing.zh}",
        f"{policy.title.en} · {token(found.subject)} ({where}, {found.day}): {word.en}, {listing.en}",
    )


def _listing(status: str | None, *, told_otherwise: bool) -> Text:
    """How the rule has her listed; called the rule's word where the list, for an outcome or a hold, says another."""
    if status is None:
        return Text("按规则不在名单上", "not listed by the rule") if told_otherwise else Text("不在名单上", "not listed")
    title = STATUSES[status]
    if told_otherwise:
        return Text(f"按规则应列为“{title.zh}”", f"{title.en} by the rule")
    return Text(f"名单状态“{title.zh}”", f"listed as {title.en}")


def _tree(found: Explanation, catalogue: Catalogue, language: str) -> Any:
    """The criteria as a tree for the terminal."""
    from rich.tree import Tree

    nodes = _nodes(found.policy)
    root = Tree(_line(found.criteria, nodes, catalogue, language), guide_style="dim")

    def grow(of: Criterion, under: Any) -> None:
        for fact in of.facts:
            under.add(_fact_line(fact, catalogue, language))
        for child in of.children:
            grow(child, under.add(_line(child, nodes, catalogue, language)))

    grow(found.criteria, root)
    return root


def _nodes(policy: Policy) -> dict[str, Node]:
    """The nodes of a rule by their path."""
    return {node.meta.path: node for node in walk(policy.criteria)}


def _line(criterion: Criterion, nodes: Mapping[str, Node], catalogue: Catalogue, language: str) -> Any:
    from rich.text import Text as Line

    node, letter = nodes.get(criterion.meta.path), mark(criterion)
    line = Line(f"{MARKS[letter]} {letter} ", style=STYLES[letter])
    name = (heading(node, language) or tested(node, catalogue, language)) if node is not None else criterion.meta.id
    line.append(name, style="bold" if criterion.matters else "dim")
    line.append(f"  {criterion.meta.cite}" if criterion.meta.cite else "", style="magenta")
    found = found_words(node, criterion.truth, criterion.found, catalogue, language) if node is not None else criterion.found
    line.append(f"  {found}" if found else "", style="cyan")
    if criterion.negated:
        line.append(Text("  （此条成立则不符合）", "  (counts against)")[language], style="dim")
    return line


def _fact_line(fact: Fact, catalogue: Catalogue, language: str) -> Any:
    from rich.text import Text as Line

    return Line(fact_text(fact, catalogue)[language], style="dim")


def fact_text(fact: Fact, catalogue: Catalogue) -> Text:
    """A record a criterion rests on: whose, which version, and what it says."""
    feed, unit = catalogue.feeds[fact.feed], catalogue.units[fact.unit].title
    said_zh = "，".join(f"{feed.fields[name].title.zh} {_cell(feed.fields[name], value, 'zh') or '（空）'}" for name, value in fact.fields)
    said_en = ", ".join(f"{feed.fields[name].title.en} {_cell(feed.fields[name], value, 'en') or '(empty)'}" for name, value in fact.fields)
    span = f" [{fact.valid_from or '…'} → {fact.valid_to or '…'}]" if fact.valid_from or fact.valid_to else ""
    version = _version(fact.order, feed.order)
    bad = Text("，该行在隔离中", ", this row is in quarantine") if fact.quarantined else Text("", "")
    return Text(
        f"{feed.title.zh} · {unit.zh} 第 {fact.delivery} 批{version.zh}{span}{bad.zh}" + (f"：{said_zh}" if said_zh else ""),
        f"{feed.title.en} · {unit.en}, delivery {fact.delivery}{version.en}{span}{bad.en}" + (f": {said_en}" if said_en else ""),
    )


def _cell(field: Field, value: str, language: str) -> str:
    """A value as it is read: in Chinese a code's label, a division with its name."""
    if field.type is FieldType.DIVISION:
        return place(value, language)
    return dict(field.values).get(value, value) if language == "zh" else value


def _version(order: int, column: str | None) -> Text:
    """The version as a date where the order column holds dates."""
    if column is None:
        return Text("", "")
    try:
        changed = EPOCH + timedelta(days=order if abs(order) < 10_000_000 else order // 86_400_000_000)
    except OverflowError:
        return Text(f"（版本 {order}）", f" (version {order})")
    return Text(f"（{changed} 更新）", f" (of {changed})")


def _open_points(found: Explanation, catalogue: Catalogue) -> list[Text]:
    """What would settle the verdict, and who holds it; what a person still has to ask."""
    from console.candidates import labelled

    names = {language: labelled(found.policy, language) for language in ("zh", "en")}
    lines = []
    for criterion, feed, unit in found.verdict.missing:
        zh, en = names["zh"].get(criterion, criterion), names["en"].get(criterion, criterion)
        if feed is None or unit is None:
            lines.append(Text(f"→ {zh}：参数没有此时的值", f"→ {en}: a parameter has no value on this day"))
            continue
        contact = " · ".join(catalogue.units[unit].contact.values())
        tail = f"（{contact}）" if contact else ""
        title, holder = catalogue.feeds[feed].title, catalogue.units[unit].title
        lines.append(
            Text(
                f"→ {zh}：需要“{title.zh}”，由{holder.zh}掌握{tail}",
                f"→ {en}: needs {title.en}, held by the {holder.en}{' (' + contact + ')' if contact else ''}",
            )
        )
    for check in found.verdict.checklist:
        zh, en = names["zh"].get(check, check), names["en"].get(check, check)
        lines.append(Text(f"→ 须人工核实：{zh}", f"→ to be asked: {en}"))
    return lines


def _until(day: date | None) -> Text:
    if day is None:
        return Text("没有新记录就不会变。", "Without new records this will not change.")
    return Text(f"即使没有新记录，{day} 也可能变。", f"Even without new records this may change on {day}.")


def explanation_data(state: State, policy: Policy, subject: int, language: str) -> dict[str, Any]:
    """An explanation as JSON."""
    from infra.held import held_on

    found = core(state).explain(policy.name, subject)
    back = held_on(state, policy.name).get(root(state, policy, subject))
    verdict, catalogue = found.verdict, state.catalogue
    finding = state.findings.of(policy.name, subject)
    return {
        "policy": policy.name,
        "version": policy.version,
        "subject": token(subject),
        "day": found.day,
        "division": found.division,
        "verdict": verdict.verdict,
        "status": verdict.status,
        "held": back and {"hold": back[0].id, "told": back[1].told},
        "failed": list(verdict.failed),
        "checklist": list(verdict.checklist),
        "still_yes": verdict.status == "needs_evidence" and core(state).still_yes(policy.name, subject) is True,
        "until": verdict.until,
        "outcome": None if finding is None else finding_data(state, finding),
        "missing": [
            {"criterion": criterion, "feed": feed, "unit": unit, "contact": dict(catalogue.units[unit].contact) if unit else {}}
            for criterion, feed, unit in verdict.missing
        ],
        "criteria": _criterion_data(found.criteria, _nodes(policy), catalogue, language) if verdict.verdict else None,
    }


def _criterion_data(criterion: Criterion, nodes: Mapping[str, Node], catalogue: Catalogue, language: str) -> dict[str, Any]:
    meta, node = criterion.meta, nodes.get(criterion.meta.path)
    return {
        "id": meta.id,
        "cite": meta.cite,
        "label": meta.label and meta.label[language],
        "form": criterion.form,
        "truth": mark(criterion),
        "matters": criterion.matters,
        "found": criterion.found,
        "words": found_words(node, criterion.truth, criterion.found, catalogue, language) if node is not None else criterion.found,
        "records": [
            {
                "feed": f.feed,
                "unit": f.unit,
                "delivery": f.delivery,
                "order": f.order,
                "from": f.valid_from,
                "to": f.valid_to,
                "quarantined": f.quarantined,
                "fields": dict(f.fields),
            }
            for f in criterion.facts
        ],
        "criteria": [_criterion_data(child, nodes, catalogue, language) for child in criterion.children],
    }
