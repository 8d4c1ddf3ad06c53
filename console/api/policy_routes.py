"""Routes about policies: published ones, and drafts that are checked, tested and tried before anybody publishes them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from console.api.parameters import Body, Day, Name, Yaml
from console.api.request_context import RequestContext
from console.api.route import Route
from console.text.comparisons import ComparisonInWords, comparison_in_words
from console.text.policies import PolicyInWords, policy_in_words
from console.text.previews import PreviewInWords, preview_in_words
from policies.values import Text
from services.access.actions import Action
from services.lookup import policy_named, readable_policy
from services.policies.cases import CaseRun, case_suites, run_cases
from services.policies.checks import check_drafts
from services.policies.comparison import compare_policies
from services.policies.forecast import Forecast, forecast_policy
from services.policies.needs import PolicyNeeds, needs_in
from services.policies.preview import preview_file
from services.policies.versions import ListedPolicy, PolicyHistory, listed_policies, policy_history
from services.problems import ReportedProblem, reported_problems


class Draft(Body):
    """The document of a policy."""

    document: Yaml


class DraftWithCases(Draft):
    """The document of a policy, and its cases."""

    cases: Yaml
    mutants: bool = False


class Versions(Body):
    """Two versions to be compared: a draft, and the one published (or another draft)."""

    document: Yaml
    old: Annotated[
        str, Field(max_length=512_000, description="已发布政策的代号，或另一份草案 / a published policy's name, or another draft")
    ]


def policies(context: RequestContext) -> list[ListedPolicy]:
    return listed_policies(context.workspace)


def policy(context: RequestContext, policy: Name) -> PolicyInWords:
    from console.text.clauses import Clauses

    catalogue = context.workspace.catalogue()
    named, state = policy_named(lambda: context.workspace, policy, catalogue)
    return policy_in_words(named, state, Clauses(catalogue, context.language, named.params))


def history(context: RequestContext, policy: Name) -> PolicyHistory:
    return policy_history(context.workspace, policy)


def forecast(context: RequestContext, policy: Name, days: Annotated[int, Field(ge=1, le=3660)] = 90) -> Forecast:
    return forecast_policy(context.workspace, policy, days)


def check(context: RequestContext, body: Draft) -> list[ReportedProblem]:
    with context.document(body.document) as file:
        return reported_problems(check_drafts([file], context.workspace.catalogue()).problems())


def preview(context: RequestContext, body: Draft, day: Day = None) -> PreviewInWords:
    with context.document(body.document) as file:
        return preview_in_words(preview_file(context.workspace, file, day), context.language)


def needs(context: RequestContext, body: Draft, day: Day = None) -> PolicyNeeds:
    with context.document(body.document) as file:
        catalogue = context.workspace.catalogue()
        return needs_in(context.workspace, readable_policy(file, catalogue), catalogue, day, context.today())


def compare(context: RequestContext, body: Versions, day: Day = None) -> ComparisonInWords:
    if "\n" not in body.old:
        with context.document(body.document) as file:
            return comparison_in_words(compare_policies(context.workspace, body.old, str(file), day, context.today()), context.language)
    with context.documents(old=body.old, new=body.document) as (old, new):
        return comparison_in_words(compare_policies(context.workspace, str(old), str(new), day, context.today()), context.language)


def test(context: RequestContext, body: DraftWithCases) -> list[CaseRun]:
    with context.documents(draft=body.document, cases=body.cases) as (file, cases):
        catalogue = context.workspace.catalogue()
        return run_cases(case_suites(catalogue, [file], [cases]), catalogue, body.mutants)


_POLICY = "/policies/{policy}"
ROUTES = (
    Route("policies.list", "GET", "/policies", Action.READ_POLICIES, policies, Text("政策和草案", "Policies and drafts"), long=False),
    Route("policies.show", "GET", _POLICY, Action.READ_POLICIES, policy, Text("一份政策", "One policy"), "policy"),
    Route("policies.history", "GET", f"{_POLICY}/history", Action.READ_POLICIES, history, Text("一份政策的历史", "The life of a policy"), "policy", long=False),
    Route("policies.forecast", "GET", f"{_POLICY}/forecast", Action.READ_FORECAST, forecast, Text("名单的预测", "The forecast of a list"), "policy", whole=True),
    Route("drafts.check", "POST", "/drafts/check", Action.WRITE_DRAFTS, check, Text("检查草案", "Check a draft"), dry=True),
    Route("drafts.preview", "POST", "/drafts/preview", Action.PREVIEW_POLICY, preview, Text("预览草案", "Preview a draft"), dry=True),
    Route("drafts.needs", "POST", "/drafts/needs", Action.WRITE_DRAFTS, needs, Text("草案需要哪些记录", "The records that a draft needs"), dry=True),
    Route("drafts.compare", "POST", "/drafts/compare", Action.PREVIEW_POLICY, compare, Text("比较两个版本", "Compare two versions"), dry=True),
    Route("drafts.test", "POST", "/drafts/test", Action.WRITE_DRAFTS, test, Text("跑用例", "Run the cases"), dry=True),
)  # fmt: skip
