"""The answers that stand ready in a snapshot of rows: views, with comments in two languages.

Their SQL is in ``connectors.analysts.view_texts``.

``connectors.analysts.manifest`` picks those whose tables a snapshot has. Writers put them into the file; ``verify`` holds those of a file
against these texts, and never runs one. A text that changes makes older snapshots fail ``verify``: give the new one a new name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.analysts import view_texts
from connectors.analysts.titles import COLUMNS
from policies.values import Text


@dataclass(frozen=True, slots=True)
class View:
    """A view of a snapshot.

    Args:
        needs: tables, views before it and columns (``table.column``) without which it is left out.
        titles: the names of its columns in their order; what each is stands in ``titles.COLUMNS``.
    """

    name: str
    needs: tuple[str, ...]
    comment: Text
    titles: str
    sql: str

    @property
    def columns(self) -> Mapping[str, Text]:
        return {name: COLUMNS[name] for name in self.titles.split()}


_NAMED = ("policies.title_en",)
_PLACES = ("persons.age_band", "persons.sex", "households.street", "dwellings.street")
_GROUPS = Text("在册对象及其分组，一个对象每种分组一行", "registered subjects by group, a row each")
_GROUP_TITLES = "kind subject street dimension value"

VIEWS: tuple[View, ...] = (
    View(
        "residents_by_street", ("persons.street", "persons.registered"),
        Text("各街镇的在册居民数", "registered residents by street"), "street residents", view_texts.RESIDENTS_BY_STREET,
    ),
    View(
        "policy_by_street", ("candidates.street", "divisions", *_NAMED), Text("各政策在各街镇的名单", "lists by policy and street"),
        "policy title_zh title_en street street_zh street_en listed eligible to_check needs_evidence", view_texts.POLICY_BY_STREET,
    ),
    View(
        "verdicts_by_street", ("verdicts.street", "divisions", *_NAMED),
        Text("各政策在各街镇的判定与待定比例", "verdicts and the share of unknowns by policy and street"),
        "policy title_zh title_en street street_zh street_en yes no unknown unknown_rate", view_texts.VERDICTS_BY_STREET,
    ),
    View(
        "coverage_gaps", ("about", "sources", "evidence", "candidate_items", "units", "feeds", *_NAMED),
        Text("覆盖缺口：含从未声明的来源，附政策接受的时效", "coverage gaps by unit, sources that never declared too"),
        "unit unit_zh unit_en feed feed_zh feed_en division policy title_zh title_en max_age last_complete_to fresh_until gap days_over "
        "waiting",
        view_texts.COVERAGE_GAPS,
    ),
    View(
        "unknowns_by_unit", ("candidate_items", "candidates.street", "sources", "criteria", "units", "feeds", *_NAMED),
        Text("缺的证据：由哪个单位持有、哪个条件要用", "missing evidence by the unit that holds it and the criterion that needs it"),
        "unit unit_zh unit_en feed feed_zh feed_en policy title_zh title_en criterion criterion_zh criterion_en subjects",
        view_texts.UNKNOWNS_BY_UNIT,
    ),
    View(
        "take_up_by_month", ("changes.month", "outcomes.month", *_NAMED),
        Text("逐月的进入、联系与办理", "entries, contacts and enrolments by month"),
        "policy title_zh title_en month entered contacted enrolled entered_so_far contacted_so_far enrolled_so_far contact_rate take_up",
        view_texts.TAKE_UP,
    ),
    View(
        "days_to_contact", ("first_contacts", *_NAMED),
        Text("从发布、从进入名单到首次反馈的天数", "days from publication, and from entry, to the first outcome"),
        "policy title_zh title_en counted_from days_from days_to subjects share", view_texts.DAYS_TO_CONTACT,
    ),
    View(
        "contact_progress", ("candidates.is_contacted", "candidates.call_again", "policies.apply_by", *_NAMED),
        Text("名单办到哪里：已联系、待再联系、尚未动手", "how far the work on lists is: contacted, to call again, untouched"),
        "policy title_zh title_en apply_by status listed with_outcome to_call_again untouched", view_texts.CONTACT_PROGRESS,
    ),
    View(
        "hit_rates", ("hits_and_misses", "criteria", "units", *_NAMED),
        Text("命中率：政策、条件、单位", "hit rate of policies, criteria and units"),
        "policy title_zh title_en basis criterion criterion_zh criterion_en unit unit_zh unit_en hits misses hit_rate",
        view_texts.HIT_RATES,
    ),
    View(
        "entered_and_left", ("daily_changes", *_NAMED), Text("逐日、按原因的进出", "who entered and left, by day and cause"),
        "policy title_zh title_en day change cause subjects", view_texts.ENTERED_AND_LEFT,
    ),
    View(
        "monthly_changes", ("changes.month", *_NAMED), Text("逐月、按原因的变动", "changes by month and cause"),
        "policy title_zh title_en month change cause subjects", view_texts.CHANGES_BY_MONTH,
    ),
    View(
        "forecast_by_week", ("forecast", *_NAMED), Text("没有新记录时今后四周的变动", "the next four weeks if no record arrives"),
        "policy title_zh title_en first_day last_day change subjects", view_texts.FORECAST_BY_WEEK,
    ),
    View(
        "subject_groups", (*_PLACES, "disability.grade", "disability.status"),
        _GROUPS, _GROUP_TITLES, view_texts.DISABILITY % view_texts.PLACED,
    ),
    View("subject_groups", _PLACES, _GROUPS, _GROUP_TITLES, view_texts.PLACED),
    View(
        "equity", ("subject_groups", "candidates.street", "policies.scope", "policies.in_force"),
        Text("各人群上名单与缺证据的比例，及其与全体之差", "shares listed and without evidence by group, and gaps"),
        "policy title_zh title_en dimension value registered_subjects listed needs_evidence listed_rate unknown_rate listed_gap "
        "unknown_gap",
        view_texts.EQUITY,
    ),
)  # fmt: skip
"""In the order in which they are made; of two with one name the first that fits is taken."""
