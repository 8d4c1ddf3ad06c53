"""Actions: everything the services can do, in groups, each with a title.

``services.access.table`` says which role may do which. An action that concerns all of a policy needs a grant whose division contains the
policy's scope; for the actions in ``OVERLAPPING`` a common part is enough, and they reach only that part.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from policies.values import Text


class Action(StrEnum):
    """An action; its value is its stable code, in the record of access and in tokens."""

    READ_UNITS = "unit.read"
    WRITE_UNITS = "unit.write"
    READ_FEEDS = "feed.read"
    WRITE_FEEDS = "feed.write"
    READ_DELIVERIES = "delivery.read"
    TAKE_IN = "delivery.take_in"
    TRY_FILE = "delivery.try"
    READ_COVERAGE = "coverage.read"
    STATE_COVERAGE = "coverage.state"
    READ_QUARANTINE = "quarantine.read"
    MEND_ROWS = "quarantine.mend"
    CLOSE_ROWS = "quarantine.close"
    READ_REQUESTS = "request.read"
    ANSWER_REQUEST = "request.answer"
    READ_POLICIES = "policy.read"
    WRITE_DRAFTS = "policy.draft"
    PREVIEW_POLICY = "policy.preview"
    PROPOSE_POLICY = "policy.propose"
    APPROVE_POLICY = "policy.approve"
    PROPOSE_WITHDRAWAL = "withdrawal.propose"
    APPROVE_WITHDRAWAL = "withdrawal.approve"
    READ_FORECAST = "forecast.read"
    COUNT_LIST = "list.count"
    READ_LIST = "list.read"
    EXPORT_LIST = "list.export"
    PRINT_VISITS = "visit.print"
    EXPLAIN = "candidate.explain"
    READ_HISTORY = "candidate.history"
    REPORT_OUTCOME = "outcome.report"
    RECORD_ANSWER = "answer.record"
    WRITE_FOLLOW_UP = "follow_up.write"
    READ_EDITIONS = "edition.read"
    READ_EVIDENCE = "edition.evidence"
    CUT_EDITION = "edition.cut"
    SEND_EDITIONS = "edition.send"
    READ_HOLDS = "hold.read"
    PROPOSE_HOLD = "hold.propose"
    APPROVE_HOLD = "hold.approve"
    SEE_IDENTITY = "identity.see"
    LOOK_UP_IDENTITY = "identity.look_up"
    READ_MERGES = "merge.read"
    PROPOSE_MERGE = "merge.propose"
    APPROVE_MERGE = "merge.approve"
    READ_ERASURES = "erasure.read"
    PROPOSE_ERASURE = "erasure.propose"
    APPROVE_ERASURE = "erasure.approve"
    FINISH_ERASURE = "erasure.finish"
    READ_SNAPSHOTS = "snapshot.read"
    MAKE_OPEN_SNAPSHOT = "snapshot.open"
    PROPOSE_RESEARCH = "research.propose"
    APPROVE_RESEARCH = "research.approve"
    QUERY_RESEARCH = "research.query"
    READ_HEALTH = "health.read"
    MOVE_DAY = "day.move"
    UPGRADE_WORKSPACE = "workspace.upgrade"
    READ_NETWORK = "network.read"
    RUN_NETWORK = "network.run"
    READ_WEBHOOKS = "webhook.read"
    WRITE_WEBHOOKS = "webhook.write"
    READ_ACCOUNTS = "account.read"
    WRITE_ACCOUNTS = "account.write"
    USE_OWN_ACCOUNT = "account.own"
    ISSUE_TOKENS = "token.issue"
    READ_AUDIT = "audit.read"
    AUDIT_PERSON = "audit.person"
    VERIFY_AUDIT = "audit.verify"


_GROUPED: Mapping[tuple[str, str], Mapping[Action, tuple[str, str]]] = {
    ("单位与数据源", "Units and feeds"): {
        Action.READ_UNITS: ("看单位名录", "look at the directory of units"),
        Action.WRITE_UNITS: ("增改单位", "add or change a unit"),
        Action.READ_FEEDS: ("看数据约定", "look at feeds and contracts"),
        Action.WRITE_FEEDS: ("增改数据约定", "add or change a contract"),
    },
    ("交付", "Deliveries"): {
        Action.READ_DELIVERIES: ("看交付情况", "look at deliveries"),
        Action.TAKE_IN: ("交付数据", "deliver records"),
        Action.TRY_FILE: ("试读文件", "try a file"),
        Action.READ_COVERAGE: ("看覆盖声明", "look at coverage"),
        Action.STATE_COVERAGE: ("作覆盖声明", "state coverage"),
        Action.READ_QUARANTINE: ("看隔离的行", "look at the quarantine"),
        Action.MEND_ROWS: ("抄出待修正的行", "copy out rows to be mended"),
        Action.CLOSE_ROWS: ("关闭认不出对象的行", "close rows of nobody"),
        Action.READ_REQUESTS: ("看更正请求", "look at correction requests"),
        Action.ANSWER_REQUEST: ("答复更正请求", "answer a correction request"),
    },
    ("政策", "Policies"): {
        Action.READ_POLICIES: ("看政策和版本", "look at policies and versions"),
        Action.WRITE_DRAFTS: ("检查、测试、比较草案", "check, test and compare a draft"),
        Action.PREVIEW_POLICY: ("预览草案", "preview a draft"),
        Action.PROPOSE_POLICY: ("提请发布政策", "propose a policy"),
        Action.APPROVE_POLICY: ("批准或退回发布", "approve a policy, or send it back"),
        Action.PROPOSE_WITHDRAWAL: ("提请撤销政策", "propose a withdrawal"),
        Action.APPROVE_WITHDRAWAL: ("批准或退回撤销", "approve a withdrawal, or send it back"),
        Action.READ_FORECAST: ("看预测", "look at a forecast"),
    },
    ("名单", "Lists"): {
        Action.COUNT_LIST: ("看名单的人数和办理情况", "look at counts of a list"),
        Action.READ_LIST: ("看名单（化名）", "look at a list, by token"),
        Action.EXPORT_LIST: ("导出名单", "export a list"),
        Action.PRINT_VISITS: ("打印入户单", "print visit sheets"),
        Action.EXPLAIN: ("看判定的理由", "look at the reasons of a verdict"),
        Action.READ_HISTORY: ("看经过和备注", "look at a candidate's history and notes"),
        Action.REPORT_OUTCOME: ("报反馈", "report an outcome"),
        Action.RECORD_ANSWER: ("记核实结果", "record the answer to a check"),
        Action.WRITE_FOLLOW_UP: ("记跟进", "write a follow-up"),
        Action.READ_EDITIONS: ("看各期", "look at editions"),
        Action.READ_EVIDENCE: ("看一期的依据", "look at the evidence of an edition"),
        Action.CUT_EDITION: ("截止一期", "cut an edition"),
        Action.SEND_EDITIONS: ("发送各期", "send editions"),
        Action.READ_HOLDS: ("看暂缓", "look at holds"),
        Action.PROPOSE_HOLD: ("提请放行或驳回暂缓", "propose to release or reject a hold"),
        Action.APPROVE_HOLD: ("批准放行或驳回", "approve a release or rejection"),
    },
    ("身份与删除", "Identity and erasure"): {
        Action.SEE_IDENTITY: ("看身份（姓名、号码、电话、地址）", "see identity (name, number, telephone, address)"),
        Action.LOOK_UP_IDENTITY: ("按姓名或号码查人", "look somebody up by name or number"),
        Action.READ_MERGES: ("看身份更正", "look at corrections of identity"),
        Action.PROPOSE_MERGE: ("提请并入或拆分", "propose a merge or split"),
        Action.APPROVE_MERGE: ("批准并入或拆分", "approve a merge or split"),
        Action.READ_ERASURES: ("看删除记录", "look at erasures"),
        Action.PROPOSE_ERASURE: ("提请删除个人", "propose an erasure"),
        Action.APPROVE_ERASURE: ("批准删除个人", "approve an erasure"),
        Action.FINISH_ERASURE: ("做完中断的删除", "finish a stopped erasure"),
    },
    ("快照", "Snapshots"): {
        Action.READ_SNAPSHOTS: ("看、核对快照", "list and verify snapshots"),
        Action.MAKE_OPEN_SNAPSHOT: ("做公开快照", "make an open snapshot"),
        Action.PROPOSE_RESEARCH: ("提请交出研究快照", "propose the release of a research snapshot"),
        Action.APPROVE_RESEARCH: ("批准交出研究快照", "approve the release of a research snapshot"),
        Action.QUERY_RESEARCH: ("查询研究快照", "query a research snapshot"),
    },
    ("运行", "Running"): {
        Action.READ_HEALTH: ("看健康检查", "look at health"),
        Action.MOVE_DAY: ("推进日期", "move the date"),
        Action.UPGRADE_WORKSPACE: ("升级工作区", "upgrade the workspace"),
        Action.READ_NETWORK: ("看网络状态", "look at the network"),
        Action.RUN_NETWORK: ("运行网络", "run the network"),
        Action.READ_WEBHOOKS: ("看推送", "look at webhooks"),
        Action.WRITE_WEBHOOKS: ("设推送", "set webhooks"),
    },
    ("账号与访问记录", "Accounts and the record of access"): {
        Action.READ_ACCOUNTS: ("看账号", "look at accounts"),
        Action.WRITE_ACCOUNTS: ("增改账号", "add or change accounts"),
        Action.USE_OWN_ACCOUNT: ("用自己的账号（登录、改密码）", "use one's own account (sign in, change password)"),
        Action.ISSUE_TOKENS: ("发、收自己的令牌", "issue and revoke tokens of one's own"),
        Action.READ_AUDIT: ("看访问记录", "look at the record of access"),
        Action.AUDIT_PERSON: ("查谁看过某人", "look up who looked at a person"),
        Action.VERIFY_AUDIT: ("核对访问记录", "verify the record of access"),
    },
}  # fmt: skip

GROUPS: Mapping[Text, tuple[Action, ...]] = {Text(*group): tuple(actions) for group, actions in _GROUPED.items()}
"""The actions of each group, in order."""
TITLES: Mapping[Action, Text] = {action: Text(*words) for actions in _GROUPED.values() for action, words in actions.items()}

OVERLAPPING = frozenset(
    {
        Action.READ_UNITS, Action.READ_FEEDS, Action.READ_DELIVERIES, Action.READ_COVERAGE, Action.READ_QUARANTINE, Action.READ_REQUESTS,
        Action.READ_POLICIES, Action.WRITE_DRAFTS, Action.READ_FORECAST, Action.COUNT_LIST, Action.READ_LIST,
        Action.EXPORT_LIST, Action.PRINT_VISITS, Action.EXPLAIN, Action.READ_HISTORY, Action.REPORT_OUTCOME, Action.RECORD_ANSWER,
        Action.WRITE_FOLLOW_UP, Action.SEE_IDENTITY, Action.LOOK_UP_IDENTITY,
    }
)  # fmt: skip
"""Actions for which a common part of the grant's division and the policy's scope is enough: what is shown, or written about one subject, is
limited to that part. All other actions concern the whole, which must lie inside the grant's division."""
