"""What is held back, in the words of whoever has to decide about it: what it is about, how many on which list, what to look at.

The one idea: a hold is told where it happens, by the verb that submitted what caused it; and again wherever somebody looks at a list, a
person or the workspace, until it is decided. Source: docs/semantics.md, "Holding back".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from console.changes import titled
from console.session import Session
from console.words import STATUSES, number
from policies.problems import listed
from policies.values import Text

if TYPE_CHECKING:
    from infra.held import HeldBack
    from streams.host import Host
    from streams.overlays import Hold
    from streams.state import State

COUNTED = {
    "person": (Text("人", "person"), Text("人", "people")),
    "household": (Text("户", "household"), Text("户", "households")),
    "dwelling": (Text("套", "dwelling"), Text("套", "dwellings")),
}
"""What is counted, one and many."""
SIDES = {"exits": Text("移出", "exits"), "entries": Text("列入", "entries")}
STANDINGS = {
    "undecided": Text("待决定", "undecided"),
    "rejected": Text("已驳回", "rejected"),
    "released": Text("已放行", "released"),
    "dissolved": Text("已自行消解", "dissolved by itself"),
}


@contextmanager
def submitting(session: Session) -> Iterator[Host]:
    """The workspace's state, to change. What comes to be held back meanwhile is told at the end, also where the verb ends early."""
    with session.workspace().writing() as host:
        before = len(host.state.notices)
        try:
            yield host
        finally:
            for text in noticed(host.state, before):
                session.warn(text)


def noticed(state: State, before: int) -> list[Text]:
    """A sentence for everything held back since there were so many notices."""
    opened = [state.book.holds[one.about] for one in state.notices[before:] if one.kind == "held"]
    if not opened:
        return []
    from infra.held import held_back

    people = held_back(state)
    return [notice(state, hold, people[hold.id]) for hold in opened if people[hold.id]]


def notice(state: State, hold: Hold, people: Sequence[HeldBack]) -> Text:
    """What is held back, of how many on which list, and what to do."""
    why, whom, short = about(state, hold), lists(state, people), _shrunk(state, hold)
    zh = f"已暂缓（{hold.id}）：{why.zh}{short.zh}，{whom.zh}，均未告知。查看 huimin holds show {hold.id}；"
    en = f"Held back ({hold.id}): {why.en}{short.en}: {whom.en}; none of it is told. See huimin holds show {hold.id}, then "
    verbs = f"huimin holds release {hold.id}", f"huimin holds reject {hold.id}"
    return Text(f"{zh}由两人放行 {verbs[0]} 或驳回 {verbs[1]}。", f"{en}{verbs[0]} or {verbs[1]}, by two people.")


def _shrunk(state: State, hold: Hold) -> Text:
    """How many rows a full replacement has, and the one before it had, where it is the shorter."""
    if hold.kind == "record":
        from infra.held import deliveries

        now, before = deliveries(state, hold)
        if now is not None and now.replaces and before is not None and now.rows < before.rows:
            counts = f"{now.rows:,}", f"{before.rows:,}"
            return Text(f"（全量 {counts[0]} 行，上一次 {counts[1]} 行）", f" ({counts[0]} rows in full, {counts[1]} the time before)")
    return Text("", "")


def about(state: State, hold: Hold) -> Text:
    """What a hold is about: a delivery, coverage statements, a version, or feeds that are late."""
    match hold.kind:
        case "record":
            from infra.held import delivery_of

            feed, unit, at = delivery_of(hold)
            title, by = state.catalogue.feeds[feed].title, state.catalogue.units[unit].title
            return Text(f"{by.zh}“{title.zh}”第 {at} 批", f"delivery {at} of {title.en} from the {by.en}")
        case "coverage":
            feeds = _feeds(state, sorted({_stated(state, one) for one in hold.about.split(", ")} - {""}))
            return Text(f"“{feeds.zh}”覆盖声明 {hold.about}", f"statement {hold.about} on {feeds.en}")
        case "amendment":
            policy, _, version = hold.about.rpartition("@")
            title = state.registry.title(policy)
            return Text(f"“{title.zh}”修订为第 {version} 版", f"{title.en}, amended to version {version}")
        case _:
            feeds = _feeds(state, hold.about.split(", "))
            return Text(f"“{feeds.zh}”迟到期间日期推进", f"days that pass while {feeds.en} is late")


def _stated(state: State, statement: str) -> str:
    """The feed a statement is about."""
    entry = state.statements.entries.get(statement)
    return "" if entry is None else entry.stated.feed


def _feeds(state: State, names: Sequence[str]) -> Text:
    titles = [state.catalogue.feeds[name].title for name in names]
    return Text("、".join(title.zh for title in titles), ", ".join(title.en for title in titles))


def counted(state: State, policy: str, people: int) -> Text:
    """So many people, households or dwellings, as a policy counts them."""
    version = state.registry.versions[policy][state.registry.newest(policy)]
    one, many = COUNTED[str(version.policy.subject)]
    return Text(f"{number(people)} {one.zh}", f"{number(people)} {(one if people == 1 else many).en}")


def lists(state: State, people: Sequence[HeldBack]) -> Text:
    """How many are held back, on which lists."""
    found = Counter((one.policy, one.side) for one in people)
    names = {language: titled({policy for policy, _ in found}, state.registry, language) for language in ("zh", "en")}
    zh, en = [], []
    for (policy, side), many in sorted(found.items()):
        whom = counted(state, policy, many)
        zh.append(f"{SIDES[side].zh}“{names['zh'][policy]}”名单 {whom.zh}")
        en.append(f"{whom.en} {'off' if side == 'exits' else 'onto'} the list {names['en'][policy]}")
    return Text("，".join(zh), ", ".join(en))


def below(state: State, policy: str) -> list[Text]:
    """What stands below a list: how many of it are held back, and by what."""
    from infra.held import held_on, standing

    texts = []
    for (id, side), many in sorted(Counter((hold.id, one.side) for hold, one in held_on(state, policy).values()).items()):
        whom, hold = counted(state, policy, many), state.book.holds[id]
        why, word = about(state, hold), STANDINGS[standing(hold, many)]
        zh = f"{whom.zh}的{SIDES[side].zh}已暂缓（{id}，{word.zh}）：{why.zh}。见 huimin holds show {id}。"
        en = f"{SIDES[side].en.capitalize()} of {whom.en} held back ({id}, {word.en}): {why.en}. See huimin holds show {id}."
        texts.append(Text(zh, en))
    return texts


def beside(state: State, hold: Hold, one: HeldBack) -> Text:
    """What stands beside an explanation: that, whatever the rule says of her, something else was told."""
    why, told = about(state, hold), STATUSES[one.told]
    if one.side == "exits":
        zh, en = (
            f"移出已暂缓（{hold.id}）：{why.zh}；名单上仍是“{told.zh}”",
            f"The exit is held back ({hold.id}): {why.en}; still {told.en} on the list",
        )
    else:
        zh, en = f"列入已暂缓（{hold.id}）：{why.zh}；名单上仍没有", f"The entry is held back ({hold.id}): {why.en}; still not on the list"
    return Text(f"{zh}。见 huimin holds show {hold.id}。", f"{en}. See huimin holds show {hold.id}.")


def decided(hold: Hold, standing: str) -> Text:
    """Where a hold stands; who decided it, and why."""
    word = STANDINGS[standing]
    if hold.decision is None:
        return word
    by = f"{hold.by} / {hold.approved_by}"
    return Text(f"{word.zh}（{by}）：{hold.reason}", f"{word.en} ({by}): {hold.reason}")


def known(holds: Sequence[str]) -> Text:
    """The holds there are, as the end of a sentence."""
    if not holds:
        return Text("没有任何暂缓。", "Nothing is held back.")
    return Text(f"现有：{listed(holds)}。", f"There are: {listed(holds)}.")
