WITH one AS (
  SELECT home, present(sure, age >= 18 AND age < 65) AS adult,
         present(sure, age < 16 OR CASE WHEN status NOT IN ('unemployed', 'outside') THEN false WHEN status IS NOT NULL THEN true      -- §6: the one record is there
         WHEN employment IS NOT NULL THEN NULL WHEN fresh(employment_to, 30) THEN true END) AS idle
  FROM member),
of_home AS (SELECT home, sum(yes(adult)) AS t, sum(open(adult)) AS u, sum(yes(NOT idle)) AS busy, sum(open(idle)) AS unsure FROM one GROUP BY home)
SELECT h.id, verdict(some_of(coalesce(o.t, 0), coalesce(o.u, 0), fresh(h.hukou_to, 30))
  AND CASE WHEN o.busy > 0 THEN false WHEN o.unsure > 0 OR NOT fresh(h.hukou_to, 30) THEN NULL ELSE true END)
FROM home h LEFT JOIN of_home o ON o.home = h.id WHERE h.registered
