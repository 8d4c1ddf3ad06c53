-- The joined tables: the original files, less what the fates of their records took. Read from docs/en/semantics.md, not from the engine.
-- Given: raw_person, raw_household, fate(feed, id, n, fate), source(feed, unit, division), statement(feed, unit, division, upto),
-- looked_up(feed, id, upto); the day is getvariable('day').

CREATE MACRO fresh(upto, days) AS coalesce(upto + days >= getvariable('day'), false);      -- §3.3; every max_age of these policies is in days
CREATE MACRO verdict(truth) AS CASE WHEN truth THEN 'yes' WHEN NOT truth THEN 'no' ELSE 'unknown' END;
-- §6: t and u of the elements have w = T and U; whole: the set is complete
CREATE MACRO some_of(t, u, whole) AS CASE WHEN t > 0 THEN true WHEN u > 0 OR NOT whole THEN NULL ELSE false END;
CREATE MACRO yes(w) AS CASE WHEN w THEN 1 ELSE 0 END;
CREATE MACRO open(w) AS CASE WHEN w IS NULL THEN 1 ELSE 0 END;
CREATE MACRO present(sure, w) AS CASE WHEN sure THEN w END;                                -- an element of unknown presence has w = U, whatever is known of it

-- §3.3: every responsible source's latest statement, and the earliest of these; NULL where one has said nothing
CREATE TABLE cover AS
WITH said AS (
  SELECT z.zone, s.feed, s.unit, max(t.upto) AS upto
  FROM (SELECT DISTINCT zone FROM raw_household) z
  JOIN source s ON starts_with(z.zone, s.division)
  LEFT JOIN statement t ON t.feed = s.feed AND t.unit = s.unit AND starts_with(z.zone, t.division)
  GROUP BY ALL)
SELECT zone, feed, CASE WHEN count(*) = count(upto) THEN min(upto) END AS upto FROM said GROUP BY ALL;
CREATE TABLE covered AS PIVOT cover ON feed USING any_value(upto) GROUP BY zone;

CREATE MACRO fates(name) AS TABLE SELECT id, fate FROM fate WHERE feed = name AND fate IN ('kept', 'blank', 'broken');

-- A feed's column is NULL where there is no record, else the fate of the record. The values of blank cells and broken rows are NULL.
CREATE TABLE household AS
SELECT r.id, h.fate AS register, h.fate IS NOT NULL AS registered, CASE WHEN h.fate = 'kept' THEN r.zone END AS zone,
       CASE WHEN h.fate = 'kept' THEN r.size END AS size,
       m.fate AS means, CASE WHEN m.fate = 'kept' THEN r.income END AS income,
       f.fate AS family, CASE WHEN f.fate = 'kept' THEN r.children END AS children, CASE WHEN f.fate IN ('kept', 'blank') THEN r.type END AS type,
       CASE WHEN d.fate = 'kept' AND h.fate IN ('kept', 'blank') THEN r.building END AS building,          -- §4: through the register's link
       CASE WHEN t.fate = 'kept' THEN r.tenure END AS tenure, t.fate AS tenancy
FROM raw_household r
LEFT JOIN fates('household') h USING (id) LEFT JOIN fates('means') m USING (id) LEFT JOIN fates('family') f USING (id)
LEFT JOIN fates('dwelling') d USING (id) LEFT JOIN fates('tenancy') t USING (id);

CREATE TABLE home AS
SELECT h.*, c.hukou AS hukou_to, c.vehicle AS vehicle_to, c.family AS family_to, coalesce(v.cars, 0) AS cars, coalesce(v.unsure, 0) AS unsure_cars
FROM household h LEFT JOIN covered c USING (zone)
LEFT JOIN (SELECT id, count(*) FILTER (fate IN ('kept', 'blank')) AS cars, count(*) FILTER (fate = 'broken') AS unsure
           FROM fate WHERE feed = 'vehicle' GROUP BY id) v USING (id);

CREATE TABLE person AS
WITH placed AS (
  SELECT r.id, u.fate IS NOT NULL AS registered, CASE WHEN u.fate = 'kept' THEN z.zone END AS zone,
         CASE WHEN u.fate IN ('kept', 'blank') THEN r.home END AS home,                                    -- §1.4: read forwards, no link in quarantine
         CASE WHEN u.fate IS NOT NULL THEN r.home END AS named, u.fate IN ('kept', 'blank') AS sure,       -- no broken row has a broken link cell
         CASE WHEN u.fate = 'kept' THEN r.age END AS age,
         CASE WHEN u.fate IN ('kept', 'blank') THEN r.sex END AS sex, CASE WHEN u.fate IN ('kept', 'blank') THEN r.relation END AS relation,
         e.fate AS employment, CASE WHEN e.fate = 'kept' THEN r.status END AS status, CASE WHEN e.fate = 'kept' THEN r.hours END AS hours,
         i.fate AS income, CASE WHEN i.fate = 'kept' THEN r.earns END AS earns, CASE WHEN i.fate = 'kept' THEN r.poverty END AS poverty,
         CASE WHEN c.fate = 'kept' THEN r.marital END AS marital, CASE WHEN d.fate = 'kept' THEN r.duty END AS duty,
         w.fate AS work, CASE WHEN w.fate = 'kept' THEN r.industry END AS industry,
         s.fate AS schooling, CASE WHEN s.fate = 'kept' THEN r.grade END AS grade, r.id % 11 = 0 AS left_school
  FROM raw_person r JOIN raw_household z ON z.id = r.home
  LEFT JOIN fates('hukou') u ON u.id = r.id LEFT JOIN fates('employment') e ON e.id = r.id LEFT JOIN fates('income') i ON i.id = r.id
  LEFT JOIN fates('civil') c ON c.id = r.id LEFT JOIN fates('service') d ON d.id = r.id LEFT JOIN fates('work') w ON w.id = r.id
  LEFT JOIN fates('schooling') s ON s.id = r.id)
SELECT p.*, CASE WHEN p.zone IS NOT NULL THEN greatest(c.employment, l.upto) END AS employment_to, c.schooling AS schooling_to, {optional}
FROM placed p LEFT JOIN covered c USING (zone) LEFT JOIN (SELECT * FROM looked_up WHERE feed = 'employment') l ON l.id = p.id;

-- §1.7: members are the registered persons whose register record names the household; §1.4: if that is in quarantine, her presence is unknown
CREATE VIEW member AS SELECT * REPLACE (named AS home) FROM person WHERE registered AND named IS NOT NULL;
