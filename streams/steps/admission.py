"""Admission: whether the present state takes a message.

Every reason to refuse a message is checked here, before its step changes anything, and the error says what to do. Two things are checked
elsewhere: the columns of a batch in ``streams.steps.batches``, the text of a policy by ``policies.checking.checker``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from matchers.kernel.batch import RecordBatch
from policies.language.catalogue import Feed
from policies.language.people import are_two_people
from policies.language.tree import Policy
from policies.values import Text, is_division
from streams.language.errors import Refusal, other_mode
from streams.language.messages import (
    CheckAnswered,
    CoverageStated,
    CoverageWithdrawn,
    DeliveryCompleted,
    DeliveryStarted,
    FollowUpRecorded,
    IdentityMerged,
    IdentitySplit,
    Input,
    OutcomeReported,
    PersonErased,
    PolicyPublished,
)
from streams.ledgers.deliveries import Delivery
from streams.ledgers.registry import checks
from streams.ledgers.statements import StatementEntry, delivery_problem
from streams.steps.state import State


def require_in_range(message: Input) -> None:
    """Checks that the numbers of a message fit where they are stored.

    Raises:
        Refused: a token or the number of a delivery is out of range.
    """
    tokens: tuple[int, ...] = ()
    number = 1
    match message:
        case CheckAnswered() | OutcomeReported() | FollowUpRecorded():
            tokens = (message.subject,)
        case CoverageStated():
            tokens = message.subjects
        case IdentityMerged():
            tokens = (message.subject, message.into)
        case IdentitySplit():
            tokens = (message.subject, message.into, *(key or 1 for _, _, key in message.records))
        case PersonErased():
            tokens = tuple(number or 1 for _, *numbers in message.traces for number in numbers)
        case DeliveryStarted() | DeliveryCompleted() | RecordBatch():
            number = message.delivery
        case _:
            return
    if not all(0 < token < 1 << 64 for token in tokens) or not number < 1 << 31:
        zh = "消息中的对象令牌或交付编号超出范围；令牌为 64 位且不为零，交付编号小于 2**31。请从来源重新生成。"
        en = (
            "A token or the number of a delivery is out of range: tokens have 64 bits and are not zero, deliveries stay below 2**31. "
            "Make the message anew."
        )
        raise Refusal(Text(zh, en), 3)


def require_source(state: State, feed: str, source: int) -> Feed:
    """The feed of a message, after a check that it has this source.

    Raises:
        Refused: there is no such feed, or it has no such source.
    """
    feeds = state.catalogue.feeds
    if feed not in feeds:
        raise Refusal(Text(f"没有数据源 {feed}。", f"There is no feed {feed}; add its contract to the catalogue first."), 3)
    if not 0 <= source < len(feeds[feed].sources):
        count = len(feeds[feed].sources)
        zh = f"数据源 {feed} 只有 {count} 个来源，没有第 {source} 个。"
        raise Refusal(Text(zh, f"Feed {feed} has {count} sources, none at {source}."), 3)
    return feeds[feed]


def require_policy(state: State, policy: str) -> None:
    """Checks that a policy of this name was published.

    Raises:
        Refused: there is none.
    """
    if policy not in state.registry.versions:
        raise Refusal(Text(f"没有政策 {policy}。", f"There is no policy {policy}; publish it first."), 3)


def require_check(state: State, policy: str, check: str) -> None:
    """Checks that some version of a policy asks this check.

    Raises:
        Refused: no version asks it.
    """
    require_policy(state, policy)
    if not any(check in checks(version.policy) for version in state.registry.versions[policy].values()):
        zh = f"政策 {policy} 没有核查项 {check}；请用其核查清单上的编号。"
        raise Refusal(Text(zh, f"Policy {policy} has no check {check}; use an id from its checklist."), 3)


def require_statement(state: State, statement: str) -> StatementEntry:
    """The entry of a coverage statement.

    Raises:
        Refused: there is none with that id.
    """
    if statement not in state.statements.entries:
        raise Refusal(Text(f"没有覆盖声明 {statement}。", f"There is no coverage statement {statement}; see the list of statements."), 3)
    return state.statements.entries[statement]


def require_two_people(by: str, approved_by: str) -> None:
    """Checks that two different people made a decision.

    Raises:
        Refused: it was one person alone, or nobody.
    """
    if not are_two_people(by, approved_by):
        zh, en = "须由两人分别提出和批准。", "Two different people are needed, one who decides and one who approves."
        raise Refusal(Text(zh, en))


def is_new_delivery(state: State, message: DeliveryStarted) -> bool:
    """Is this delivery new? False if it was started before under this number.

    Raises:
        Refused: the number is taken, or the delivery has another one.
    """
    require_source(state, message.feed, message.source)
    same_number = state.deliveries.by_number(message.feed, message.source, message.delivery)
    same_id = state.deliveries.by_id(message.feed, message.source, message.id)
    last = state.deliveries.last(message.feed, message.source)
    if message.delivery < 1 or same_number is not same_id or (same_number is None and message.delivery < last):
        number, _, _ = state.deliveries.number(message.feed, message.source, message.id)
        place = f"{message.feed} #{message.source}"
        zh = f"{place} 的交付 {message.id} 不能用编号 {message.delivery}，应为 {number}。"
        en = f"Delivery {message.id} of {place} cannot have number {message.delivery}; it should be {number}."
        raise Refusal(Text(zh, en))
    if same_number is not None and same_number.replaces != message.replaces:
        raise Refusal(other_mode(f"{message.feed} #{message.source} {message.id}", same_number.replaces))
    return same_number is None


def require_delivery(state: State, feed: str, source: int, number: int) -> Delivery:
    """The delivery with this number.

    Raises:
        Refused: it was not started.
    """
    delivery = state.deliveries.by_number(feed, source, number)
    if delivery is None:
        zh = f"{feed} #{source} 的交付 {number} 还没有开始；请先发送 DeliveryStarted。"
        raise Refusal(Text(zh, f"Delivery {number} of {feed} #{source} has not been started; send DeliveryStarted first."))
    return delivery


def require_whole(state: State, message: DeliveryCompleted) -> Delivery:
    """The delivery of a completion, after a check that every row it claims is applied.

    Raises:
        Refused: rows are missing, or it was completed before with other numbers.
    """
    require_source(state, message.feed, message.source)
    delivery = require_delivery(state, message.feed, message.source, message.delivery)
    name = f"{message.feed} #{message.source} {message.id}"
    if delivery.id != message.id or (delivery.completed and (message.rows, message.unplaced) != (delivery.rows, delivery.unplaced)):
        zh = f"交付 {name} 与已登记的不一致（编号或行数不同）；请核对后用新的交付重送。"
        en = f"Delivery {name} differs from what is on record (its id or its counts); look at both, then send a new delivery."
        raise Refusal(Text(zh, en))
    if delivery.replaces != message.replaces:
        raise Refusal(other_mode(name, delivery.replaces))
    if not 0 <= message.unplaced <= message.rows or delivery.applied_rows + message.unplaced < message.rows:
        zh = (
            f"交付 {name} 尚不完整：声明 {message.rows} 行，其中 {message.unplaced} 行无法识别，"
            f"已收 {delivery.applied_rows} 行。请补齐后再报完成。"
        )
        en = (
            f"Delivery {name} is not whole: it claims {message.rows} rows, {message.unplaced} of them unreadable, and "
            f"{delivery.applied_rows} were applied. Send the missing rows, then complete it."
        )
        raise Refusal(Text(zh, en))
    return delivery


def is_new_version(state: State, message: PolicyPublished) -> bool:
    """Is this version new? False if the same version was published before.

    Raises:
        Refused: another content has this number, the number is not the next one, or one person decided alone.
    """
    require_two_people(message.by, message.approved_by)
    existing, newest = state.registry.versions.get(message.policy, {}).get(message.version), state.registry.newest(message.policy)
    if existing is not None and existing.digest == message.digest:
        return False
    if existing is not None or (newest and message.version != newest + 1) or message.version < 1:
        zh = f"政策 {message.policy} 的版本 {message.version} 不能这样发布：已发布的版本不可改动，下一个版本号是 {newest + 1}。"
        en = (
            f"Version {message.version} of policy {message.policy} cannot be published so: published versions never change; "
            f"the next number is {newest + 1}."
        )
        raise Refusal(Text(zh, en))
    return True


def is_new_statement(state: State, message: CoverageStated) -> bool:
    """Is this statement new? False if the same statement was received before, on any day.

    Raises:
        Refused: another statement has its id, it does not name either a division or subjects, it reaches beyond the day of its receipt,
            or its delivery is complete and proves nothing or has another number of rows.
    """
    feed = require_source(state, message.feed, message.source)
    existing, id = state.statements.entries.get(message.statement), message.statement
    if existing is not None and existing.stated != replace(message, received=existing.stated.received):
        raise Refusal(Text(f"覆盖声明编号 {id} 已用于另一份声明。", f"Coverage statement {id} exists with another content; use a new id."))
    if (message.division is None) != bool(message.subjects) or (message.division is not None and not is_division(message.division)):
        zh = f"覆盖声明 {id} 须写明一个区划代码或一份对象名单（二者之一）。"
        raise Refusal(Text(zh, f"Coverage statement {id} must name either a division code or a list of subjects."), 3)
    if existing is not None:
        return False
    if message.received is not None and message.complete_to > message.received:
        zh = f"覆盖声明 {id} 写到 {message.complete_to}，晚于收到它的 {message.received}。声明只能说到收到之日，请改正日期。"
        en = (
            f"Coverage statement {id} reaches to {message.complete_to}, later than {message.received}, the day of its receipt. "
            "It cannot reach beyond that day; mend the date."
        )
        raise Refusal(Text(zh, en), 3)
    if (why := delivery_problem(message, feed, state.deliveries)) is not None:
        raise Refusal(why, 3)
    return True


def require_statements(state: State, messages: Iterable[CoverageStated | CoverageWithdrawn]) -> None:
    """Checks that statements and withdrawals would all be admitted in this order: either all rows of a file count, or none.

    Raises:
        Refused: for the first that would not be admitted.
    """
    new = set[str]()
    for message in messages:
        require_in_range(message)
        if isinstance(message, CoverageWithdrawn):
            if message.statement not in new:
                require_statement(state, message.statement)
        elif is_new_statement(state, message):
            new.add(message.statement)


def require_same_text(message: PolicyPublished, policy: Policy) -> None:
    """Checks that the text of a publication has the name, version and digest of the message.

    Raises:
        Refused: they disagree.
    """
    if (policy.name, policy.version, policy.digest or message.digest) != (message.policy, message.version, message.digest):
        zh = f"{message.policy}@{message.version}：文本、编号和摘要不一致，文本是 {policy.name}@{policy.version}。请用发布时的原文。"
        en = (
            f"{message.policy}@{message.version}: text, number and digest disagree; the text is {policy.name}@{policy.version}. "
            f"Send the text as it was approved."
        )
        raise Refusal(Text(zh, en))
