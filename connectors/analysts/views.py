"""The answers that stand ready in a snapshot of rows: views, each with its text, and comments in two languages.

``connectors.analysts.manifest`` picks those whose tables a snapshot has. Writers put them into the file; ``verify`` holds those of a file
against the texts here, and never runs one. A text that changes makes older snapshots fail ``verify``: give the new one a new name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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


_RESIDENTS_BY_STREET = "SELECT street, count(*) AS residents FROM persons WHERE registered GROUP BY street"

_POLICY_BY_STREET = """
SELECT c.policy, p.title_zh, p.title_en, c.street, d.title_zh AS street_zh, d.title_en AS street_en, count(*) AS listed,
  count(*) FILTER (WHERE c.status = 'eligible') AS eligible, count(*) FILTER (WHERE c.status = 'to_check') AS to_check,
  count(*) FILTER (WHERE c.status = 'needs_evidence') AS needs_evidence
FROM candidates AS c LEFT JOIN policies AS p USING (policy) LEFT JOIN divisions AS d ON d.division = c.street
GROUP BY ALL"""

_COVERAGE_GAPS = r"""
WITH waiting AS (
  SELECT policy, feed, count(DISTINCT subject) AS subjects FROM candidate_items WHERE kind = 'missing' GROUP BY ALL
), today AS (
  SELECT max(value)::DATE AS day FROM about WHERE key = 'day'
), accepted AS (
  SELECT s.*, e.policy, e.max_age, (s.last_complete_to
    + to_months(12 * coalesce(try_cast(regexp_extract(e.max_age, '(\d+)Y', 1) AS INTEGER), 0)
      + coalesce(try_cast(regexp_extract(e.max_age, '(\d+)M', 1) AS INTEGER), 0))
    + to_days(coalesce(try_cast(regexp_extract(e.max_age, '(\d+)D', 1) AS INTEGER), 0)))::DATE AS fresh_until
  FROM sources AS s LEFT JOIN evidence AS e USING (feed)
)
SELECT a.unit, u.title_zh AS unit_zh, u.title_en AS unit_en, a.feed, f.title_zh AS feed_zh, f.title_en AS feed_en, a.division, a.policy,
  p.title_zh, p.title_en, a.max_age, a.last_complete_to, a.fresh_until,
  CASE WHEN a.last_complete_to IS NULL THEN 'never_declared' WHEN a.fresh_until < today.day THEN 'too_old' ELSE 'none' END AS gap,
  CASE WHEN a.fresh_until < today.day THEN today.day - a.fresh_until END AS days_over, coalesce(w.subjects, 0) AS waiting
FROM accepted AS a CROSS JOIN today LEFT JOIN units AS u USING (unit) LEFT JOIN feeds AS f ON f.feed = a.feed
LEFT JOIN policies AS p ON p.policy = a.policy LEFT JOIN waiting AS w ON w.policy = a.policy AND w.feed = a.feed"""

_UNKNOWNS_BY_UNIT = """
WITH labels AS (
  SELECT policy, criterion, arg_max(title_zh, version) AS title_zh, arg_max(title_en, version) AS title_en FROM criteria GROUP BY ALL
), missing AS (
  SELECT i.policy, i.subject, i.criterion, i.feed, c.street
  FROM candidate_items AS i LEFT JOIN candidates AS c USING (policy, subject) WHERE i.kind = 'missing'
)
SELECT s.unit, u.title_zh AS unit_zh, u.title_en AS unit_en, m.feed, f.title_zh AS feed_zh, f.title_en AS feed_en, m.policy, p.title_zh,
  p.title_en, m.criterion, l.title_zh AS criterion_zh, l.title_en AS criterion_en, count(DISTINCT m.subject) AS subjects
FROM missing AS m LEFT JOIN sources AS s ON s.feed = m.feed AND (m.street IS NULL OR starts_with(m.street, s.division))
LEFT JOIN units AS u USING (unit) LEFT JOIN feeds AS f ON f.feed = m.feed LEFT JOIN policies AS p ON p.policy = m.policy
LEFT JOIN labels AS l ON l.policy = m.policy AND l.criterion = m.criterion
GROUP BY ALL"""

_TAKE_UP = """
WITH firsts AS (
  SELECT policy, subject, min(month) AS month, 'entered' AS what FROM changes WHERE change = 'entered' GROUP BY policy, subject
  UNION ALL SELECT policy, subject, month, what FROM (
    SELECT policy, subject, min(month) AS month, 'contacted' AS what FROM outcomes GROUP BY policy, subject
    UNION ALL SELECT policy, subject, min(month), 'enrolled' FROM outcomes WHERE outcome = 'enrolled' GROUP BY policy, subject) AS found
), months AS (
  SELECT policy, month, count(*) FILTER (WHERE what = 'entered') AS entered, count(*) FILTER (WHERE what = 'contacted') AS contacted,
    count(*) FILTER (WHERE what = 'enrolled') AS enrolled
  FROM firsts GROUP BY policy, month
), sums AS (
  SELECT *, sum(entered) OVER so_far AS entered_so_far, sum(contacted) OVER so_far AS contacted_so_far,
    sum(enrolled) OVER so_far AS enrolled_so_far
  FROM months WINDOW so_far AS (PARTITION BY policy ORDER BY month)
)
SELECT s.policy, p.title_zh, p.title_en, s.month, s.entered, s.contacted, s.enrolled, s.entered_so_far::BIGINT AS entered_so_far,
  s.contacted_so_far::BIGINT AS contacted_so_far, s.enrolled_so_far::BIGINT AS enrolled_so_far,
  round(s.contacted_so_far / nullif(s.entered_so_far, 0), 4) AS contact_rate,
  round(s.enrolled_so_far / nullif(s.entered_so_far, 0), 4) AS take_up
FROM sums AS s LEFT JOIN policies AS p USING (policy)"""

_DAYS_TO_CONTACT = """
SELECT c.policy, p.title_zh, p.title_en, c.counted_from, c.days_from, c.days_to, c.subjects,
  round(c.subjects / sum(c.subjects) OVER (PARTITION BY c.policy, c.counted_from), 4) AS share
FROM first_contacts AS c LEFT JOIN policies AS p USING (policy)"""

_HIT_RATES = """
WITH labels AS (
  SELECT policy, criterion, arg_max(title_zh, version) AS title_zh, arg_max(title_en, version) AS title_en FROM criteria GROUP BY ALL
)
SELECT h.policy, p.title_zh, p.title_en, h.basis, h.criterion, l.title_zh AS criterion_zh, l.title_en AS criterion_en, h.unit,
  u.title_zh AS unit_zh, u.title_en AS unit_en, h.hits, h.misses, round(h.hits / nullif(h.hits + h.misses, 0), 4) AS hit_rate
FROM hits_and_misses AS h LEFT JOIN policies AS p USING (policy) LEFT JOIN units AS u USING (unit)
LEFT JOIN labels AS l ON l.policy = h.policy AND l.criterion = h.criterion"""

_ENTERED_AND_LEFT = """
SELECT c.policy, p.title_zh, p.title_en, c.day, c.change, c.cause, c.subjects
FROM daily_changes AS c LEFT JOIN policies AS p USING (policy)"""

_CHANGES_BY_MONTH = """
SELECT c.policy, p.title_zh, p.title_en, c.month, c.change, c.cause, count(DISTINCT c.subject) AS subjects
FROM changes AS c LEFT JOIN policies AS p USING (policy) GROUP BY ALL"""

_FORECAST_BY_WEEK = """
SELECT f.policy, p.title_zh, p.title_en, f.first_day, f.last_day, f.change, f.subjects
FROM forecast AS f LEFT JOIN policies AS p USING (policy)"""

_VERDICTS_BY_STREET = """
SELECT v.policy, p.title_zh, p.title_en, v.street, d.title_zh AS street_zh, d.title_en AS street_en, v.yes, v.no, v.unknown,
  round(v.unknown / nullif(v.yes + v.no + v.unknown, 0), 4) AS unknown_rate
FROM verdicts AS v LEFT JOIN policies AS p USING (policy) LEFT JOIN divisions AS d ON d.division = v.street"""

_PLACED = """
SELECT 'person' AS kind, p.subject, p.street, d.dimension,
  CASE d.dimension WHEN 'street' THEN p.street WHEN 'sex' THEN p.sex ELSE p.age_band END AS value
FROM persons AS p CROSS JOIN (SELECT unnest(['street', 'sex', 'age_band']) AS dimension) AS d WHERE p.registered
UNION ALL SELECT kind, subject, street, 'street', street FROM (
  SELECT 'household' AS kind, subject, street FROM households WHERE registered
  UNION ALL SELECT 'dwelling', subject, street FROM dwellings WHERE registered) AS others"""

_DISABILITY = """
SELECT kind, subject, street, dimension, value FROM (
  SELECT 'person' AS kind, p.subject, p.street, 'disability' AS dimension,
    CASE WHEN bool_or(d.quarantined) THEN 'unreadable record' WHEN min(d.grade) IS NULL THEN 'no valid certificate on record'
      ELSE 'grade ' || min(d.grade) END AS value
  FROM persons AS p LEFT JOIN disability AS d ON d.subject = p.subject AND (d.quarantined OR d.status = 'valid')
  WHERE p.registered GROUP BY p.subject, p.street) AS disabled
UNION ALL SELECT kind, subject, street, dimension, value FROM (%s) AS placed"""

_EQUITY = """
WITH judged AS (
  SELECT p.policy, p.title_zh, p.title_en, g.dimension, g.value, c.status
  FROM policies AS p JOIN subject_groups AS g ON g.kind = p.subject AND starts_with(g.street, p.scope)
  LEFT JOIN candidates AS c ON c.policy = p.policy AND c.subject = g.subject
  WHERE p.in_force
), parts AS (
  SELECT policy, title_zh, title_en, dimension, value, count(*) AS registered_subjects,
    count(*) FILTER (WHERE status IN ('eligible', 'to_check')) AS listed,
    count(*) FILTER (WHERE status = 'needs_evidence') AS needs_evidence
  FROM judged GROUP BY ALL
), rates AS (
  SELECT *, listed / registered_subjects AS listed_rate, needs_evidence / registered_subjects AS unknown_rate,
    sum(listed) OVER whole / sum(registered_subjects) OVER whole AS listed_everywhere,
    sum(needs_evidence) OVER whole / sum(registered_subjects) OVER whole AS unknown_everywhere
  FROM parts WINDOW whole AS (PARTITION BY policy, dimension)
)
SELECT policy, title_zh, title_en, dimension, value, registered_subjects, listed, needs_evidence, round(listed_rate, 4) AS listed_rate,
  round(unknown_rate, 4) AS unknown_rate, round(listed_rate - listed_everywhere, 4) AS listed_gap,
  round(unknown_rate - unknown_everywhere, 4) AS unknown_gap
FROM rates"""

_NAMED = ("policies.title_en",)
_PLACES = ("persons.age_band", "persons.sex", "households.street", "dwellings.street")
_GROUPS = Text("在册对象及其分组，一个对象每种分组一行", "registered subjects by group, a row each")
_GROUP_TITLES = "kind subject street dimension value"

VIEWS: tuple[View, ...] = (
    View(
        "residents_by_street", ("persons.street", "persons.registered"),
        Text("各街镇的在册居民数", "registered residents by street"), "street residents", _RESIDENTS_BY_STREET,
    ),
    View(
        "policy_by_street", ("candidates.street", "divisions", *_NAMED), Text("各政策在各街镇的名单", "lists by policy and street"),
        "policy title_zh title_en street street_zh street_en listed eligible to_check needs_evidence", _POLICY_BY_STREET,
    ),
    View(
        "verdicts_by_street", ("verdicts.street", "divisions", *_NAMED),
        Text("各政策在各街镇的判定与待定比例", "verdicts and the share of unknowns by policy and street"),
        "policy title_zh title_en street street_zh street_en yes no unknown unknown_rate", _VERDICTS_BY_STREET,
    ),
    View(
        "coverage_gaps", ("about", "sources", "evidence", "candidate_items", "units", "feeds", *_NAMED),
        Text("覆盖缺口：含从未声明的来源，附政策接受的时效", "coverage gaps by unit, sources that never declared too"),
        "unit unit_zh unit_en feed feed_zh feed_en division policy title_zh title_en max_age last_complete_to fresh_until gap days_over "
        "waiting",
        _COVERAGE_GAPS,
    ),
    View(
        "unknowns_by_unit", ("candidate_items", "candidates.street", "sources", "criteria", "units", "feeds", *_NAMED),
        Text("缺的证据：由哪个单位持有、哪个条件要用", "missing evidence by the unit that holds it and the criterion that needs it"),
        "unit unit_zh unit_en feed feed_zh feed_en policy title_zh title_en criterion criterion_zh criterion_en subjects",
        _UNKNOWNS_BY_UNIT,
    ),
    View(
        "take_up_by_month", ("changes.month", "outcomes.month", *_NAMED),
        Text("逐月的进入、联系与办理", "entries, contacts and enrolments by month"),
        "policy title_zh title_en month entered contacted enrolled entered_so_far contacted_so_far enrolled_so_far contact_rate take_up",
        _TAKE_UP,
    ),
    View(
        "days_to_contact", ("first_contacts", *_NAMED),
        Text("从发布、从进入名单到首次反馈的天数", "days from publication, and from entry, to the first outcome"),
        "policy title_zh title_en counted_from days_from days_to subjects share", _DAYS_TO_CONTACT,
    ),
    View(
        "hit_rates", ("hits_and_misses", "criteria", "units", *_NAMED),
        Text("命中率：政策、条件、单位", "hit rate of policies, criteria and units"),
        "policy title_zh title_en basis criterion criterion_zh criterion_en unit unit_zh unit_en hits misses hit_rate", _HIT_RATES,
    ),
    View(
        "entered_and_left", ("daily_changes", *_NAMED), Text("逐日、按原因的进出", "who entered and left, by day and cause"),
        "policy title_zh title_en day change cause subjects", _ENTERED_AND_LEFT,
    ),
    View(
        "monthly_changes", ("changes.month", *_NAMED), Text("逐月、按原因的变动", "changes by month and cause"),
        "policy title_zh title_en month change cause subjects", _CHANGES_BY_MONTH,
    ),
    View(
        "forecast_by_week", ("forecast", *_NAMED), Text("没有新记录时今后四周的变动", "the next four weeks if no record arrives"),
        "policy title_zh title_en first_day last_day change subjects", _FORECAST_BY_WEEK,
    ),
    View(
        "subject_groups", (*_PLACES, "disability.grade", "disability.status"),
        _GROUPS, _GROUP_TITLES, _DISABILITY % _PLACED,
    ),
    View("subject_groups", _PLACES, _GROUPS, _GROUP_TITLES, _PLACED),
    View(
        "equity", ("subject_groups", "candidates.street", "policies.scope", "policies.in_force"),
        Text("各人群上名单与缺证据的比例，及其与全体之差", "shares listed and without evidence by group, and gaps"),
        "policy title_zh title_en dimension value registered_subjects listed needs_evidence listed_rate unknown_rate listed_gap "
        "unknown_gap",
        _EQUITY,
    ),
)  # fmt: skip
"""In the order in which they are made; of two with one name the first that fits is taken."""
