"""The steps for outcomes of candidates, for answers of registers, and for decisions about holds.

An outcome is kept in the ledger (``streams.ledgers.outcomes``) and sent to the list stage (``streams.lists.book``). The matcher watches the
evidence about suppressed candidates, so that a suppression ends when the evidence changes. Source: docs/en/semantics.md, "What agencies
find" and "Holding back".
"""

from __future__ import annotations

from policies.language.tree import Policy, leaves
from policies.values import Text
from streams.language.causes import OutcomeCause
from streams.language.errors import Refusal
from streams.language.messages import CorrectionAnswered, HoldDecided, OutcomeReported
from streams.ledgers.outcomes import ANSWERS, OF_THE_SUBJECT, OUTCOMES, OutcomeEntry, RegisterAnswer
from streams.lists.instructions import DecideHold, EndOutcome, RecordOutcome
from streams.lists.lines import Move, Moves
from streams.steps.admission import require_policy, require_statement, require_two_people
from streams.steps.state import State


def report_outcome(state: State, message: OutcomeReported) -> Moves:
    """Records an outcome of one candidate. The same outcome again, or one older than the outcome that counts, changes nothing.

    Raises:
        Refused: there is no such policy, outcome or criterion; nobody reports it; or its day is still to come.
    """
    finding = _outcome_entry(state, message)
    current = state.outcomes.of(finding.policy, finding.subject)
    if current is not None and (_same(current, finding) or finding.on < current.on):
        return ()
    state.outcomes.put(finding)
    standing = finding.until is not None and state.day < finding.until
    changes = state.matcher.watch(finding.policy, finding.subject, standing).columns()
    instruction = RecordOutcome(state.day, finding.policy, finding.subject, finding.outcome, standing)
    return (instruction, Move(state.day, OutcomeCause(finding.outcome), changes))


def _outcome_entry(state: State, message: OutcomeReported) -> OutcomeEntry:
    policy, outcome = message.policy, message.outcome
    require_policy(state, policy)
    if outcome not in OUTCOMES:
        words = ", ".join(OUTCOMES)
        raise Refusal(Text(f"没有反馈 {outcome}；可用：{words}。", f"There is no outcome {outcome}; there are {words}."), 3)
    if (message.criterion is None) == (outcome == "not_eligible"):
        zh = "反馈 not_eligible 要写明哪一条件有误；其他反馈不写条件。"
        raise Refusal(Text(zh, "Name the criterion that was wrong where the outcome is not_eligible, and only there."), 3)
    versions = state.registry.versions[policy].values()
    criterion = message.criterion
    if criterion is not None and not any(criterion in _criteria(version.policy) for version in versions):
        zh = f"政策 {policy} 没有条件 {criterion}；用 huimin policy show {policy} 查看。"
        raise Refusal(Text(zh, f"Policy {policy} has no criterion {criterion}; see huimin policy show {policy}."), 3)
    if not message.by.strip():
        raise Refusal(Text("反馈要写明由谁报告。", "An outcome needs the name of who reports it."), 3)
    if message.on > state.day:
        zh = f"反馈的日期 {message.on} 还没有到；今天是 {state.day}。"
        raise Refusal(Text(zh, f"The outcome is of {message.on}, which is still to come; today is {state.day}."), 3)
    kind = next(iter(versions)).policy.subject
    subject = state.identities.root(kind, message.subject)
    period = OUTCOMES[outcome]
    until = None if period is None else period.after(message.on)
    return OutcomeEntry(
        policy, subject, outcome, message.on, message.by, criterion, message.records, state.offset + 1, state.day, until,
        _statements(state, message), message.content if outcome in OF_THE_SUBJECT else "",
    )  # fmt: skip


def _statements(state: State, message: OutcomeReported) -> tuple[tuple[str, int], ...]:
    """The statements that a message names, each with the number of the last delivery of its source so far.

    Raises:
        Refused: there is no such statement.
    """
    stated = [require_statement(state, id).stated for id in message.statements]
    return tuple((of.statement, state.deliveries.last(of.feed, of.source)) for of in stated)


def answer_correction(state: State, message: CorrectionAnswered) -> Moves:
    """Records the word of the register's unit about a report that a subject is deceased or has moved.

    It answers all reports of the same outcome of that subject. A refuted one suppresses its subject no more. An answer to a request that
    is not there (another outcome counts now, or the person was erased), and the same answer again, change nothing.

    Raises:
        Refused: the answer is neither confirmed nor refuted, or nobody gives it.
    """
    if message.answer not in ANSWERS:
        raise Refusal(Text("答复应为 confirmed 或 refuted。", "The answer is confirmed or refuted."), 3)
    if not message.by.strip():
        raise Refusal(Text("答复要写明由谁作出。", "An answer needs the name of who gives it."), 3)
    request = state.outcomes.request(message.request)
    if request is None or not request.asks_register:
        return ()
    moves: list[EndOutcome] = []
    for finding in [finding for finding in state.outcomes if _same_subject(state, finding, request) and finding.asks_register]:
        if finding.answer is not None and finding.answer.answer == message.answer:
            continue
        if state.outcomes.put_answer(finding, RegisterAnswer(message.answer, message.by, state.day)):
            state.matcher.watch(finding.policy, finding.subject, False)
            moves.append(EndOutcome(state.day, finding.policy, finding.subject, finding.outcome))
    return sorted(moves, key=lambda move: move.policy)


def _same_subject(state: State, finding: OutcomeEntry, other: OutcomeEntry) -> bool:
    """Do two outcomes say the same of the same subject, of whatever policies?"""
    if (finding.subject, finding.outcome) != (other.subject, other.outcome):
        return False
    kinds = {next(iter(state.registry.versions[name].values())).policy.subject for name in (finding.policy, other.policy)}
    return len(kinds) == 1


def _same(finding: OutcomeEntry, other: OutcomeEntry) -> bool:
    """Are both the same outcome of the same day?"""
    return (finding.outcome, finding.on, finding.criterion) == (other.outcome, other.on, other.criterion)


def _criteria(policy: Policy) -> set[str]:
    """The ids of a policy's criteria."""
    return {leaf.meta.id for leaf in leaves(policy.criteria)}


def decide_hold(state: State, message: HoldDecided) -> Moves:
    """Sends a decision about a hold to the list stage. An unknown hold is ignored there: only the list stage knows the holds.

    Raises:
        Refused: one person decided alone, the decision is neither release nor reject, or there is no reason.
    """
    require_two_people(message.by, message.approved_by)
    if message.decision not in ("release", "reject"):
        raise Refusal(Text("决定应为 release 或 reject。", "The decision is release or reject."), 3)
    if not message.reason.strip():
        raise Refusal(Text("请写明决定的理由。", "Say why it is decided so."), 3)
    return (DecideHold(state.day, message.hold, message.decision, message.by, message.approved_by, message.reason),)
