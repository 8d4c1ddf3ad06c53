"""The SQL of the views in a snapshot of rows; ``connectors.analysts.views`` says which tables each needs, and what its columns are.

A text that changes makes older snapshots fail ``verify``: give the new one a new name there.
"""

from __future__ import annotations

RESIDENTS_BY_STREET = "SELECT street, count(*) AS residents FROM persons WHERE registered GROUP BY street"

POLICY_BY_STREET = """
SELECT c.policy, p.title_zh, p.title_en, c.street, d.title_zh AS street_zh, d.title_en AS street_en, count(*) AS listed,
  count(*) FILTER (WHERE c.status = 'eligible') AS eligible, count(*) FILTER (WHERE c.status = 'to_check') AS to_check,
  count(*) FILTER (WHERE c.status = 'needs_evidence') AS needs_evidence
FROM candidates AS c LEFT JOIN policies AS p USING (policy) LEFT JOIN divisions AS d ON d.division = c.street
GROUP BY ALL"""

COVERAGE_GAPS = r"""
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

UNKNOWNS_BY_UNIT = """
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

TAKE_UP = """
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

DAYS_TO_CONTACT = """
SELECT c.policy, p.title_zh, p.title_en, c.counted_from, c.days_from, c.days_to, c.subjects,
  round(c.subjects / sum(c.subjects) OVER (PARTITION BY c.policy, c.counted_from), 4) AS share
FROM first_contacts AS c LEFT JOIN policies AS p USING (policy)"""

HIT_RATES = """
WITH labels AS (
  SELECT policy, criterion, arg_max(title_zh, version) AS title_zh, arg_max(title_en, version) AS title_en FROM criteria GROUP BY ALL
)
SELECT h.policy, p.title_zh, p.title_en, h.basis, h.criterion, l.title_zh AS criterion_zh, l.title_en AS criterion_en, h.unit,
  u.title_zh AS unit_zh, u.title_en AS unit_en, h.hits, h.misses, round(h.hits / nullif(h.hits + h.misses, 0), 4) AS hit_rate
FROM hits_and_misses AS h LEFT JOIN policies AS p USING (policy) LEFT JOIN units AS u USING (unit)
LEFT JOIN labels AS l ON l.policy = h.policy AND l.criterion = h.criterion"""

ENTERED_AND_LEFT = """
SELECT c.policy, p.title_zh, p.title_en, c.day, c.change, c.cause, c.subjects
FROM daily_changes AS c LEFT JOIN policies AS p USING (policy)"""

CONTACT_PROGRESS = """
SELECT c.policy, p.title_zh, p.title_en, p.apply_by, c.status, count(*) AS listed, count(*) FILTER (WHERE c.is_contacted) AS with_outcome,
  count(*) FILTER (WHERE c.call_again IS NOT NULL) AS to_call_again,
  count(*) FILTER (WHERE NOT c.is_contacted AND c.call_again IS NULL) AS untouched
FROM candidates AS c LEFT JOIN policies AS p USING (policy) GROUP BY ALL"""

CHANGES_BY_MONTH = """
SELECT c.policy, p.title_zh, p.title_en, c.month, c.change, c.cause, count(DISTINCT c.subject) AS subjects
FROM changes AS c LEFT JOIN policies AS p USING (policy) GROUP BY ALL"""

FORECAST_BY_WEEK = """
SELECT f.policy, p.title_zh, p.title_en, f.first_day, f.last_day, f.change, f.subjects
FROM forecast AS f LEFT JOIN policies AS p USING (policy)"""

VERDICTS_BY_STREET = """
SELECT v.policy, p.title_zh, p.title_en, v.street, d.title_zh AS street_zh, d.title_en AS street_en, v.yes, v.no, v.unknown,
  round(v.unknown / nullif(v.yes + v.no + v.unknown, 0), 4) AS unknown_rate
FROM verdicts AS v LEFT JOIN policies AS p USING (policy) LEFT JOIN divisions AS d ON d.division = v.street"""

PLACED = """
SELECT 'person' AS kind, p.subject, p.street, d.dimension,
  CASE d.dimension WHEN 'street' THEN p.street WHEN 'sex' THEN p.sex ELSE p.age_band END AS value
FROM persons AS p CROSS JOIN (SELECT unnest(['street', 'sex', 'age_band']) AS dimension) AS d WHERE p.registered
UNION ALL SELECT kind, subject, street, 'street', street FROM (
  SELECT 'household' AS kind, subject, street FROM households WHERE registered
  UNION ALL SELECT 'dwelling', subject, street FROM dwellings WHERE registered) AS others"""

DISABILITY = """
SELECT kind, subject, street, dimension, value FROM (
  SELECT 'person' AS kind, p.subject, p.street, 'disability' AS dimension,
    CASE WHEN bool_or(d.quarantined) THEN 'unreadable record' WHEN min(d.grade) IS NULL THEN 'no valid certificate on record'
      ELSE 'grade ' || min(d.grade) END AS value
  FROM persons AS p LEFT JOIN disability AS d ON d.subject = p.subject AND (d.quarantined OR d.status = 'valid')
  WHERE p.registered GROUP BY p.subject, p.street) AS disabled
UNION ALL SELECT kind, subject, street, dimension, value FROM (%s) AS placed"""

EQUITY = """
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
