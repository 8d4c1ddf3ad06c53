WITH idle AS (
  SELECT home, present(sure, age < 16 OR CASE WHEN status IN ('employed', 'absent', 'forces') THEN false WHEN status IS NOT NULL THEN true      -- §6: the one record is there
         WHEN employment IS NOT NULL THEN NULL WHEN fresh(employment_to, 60) THEN true END) AS w
  FROM member),
of_home AS (SELECT home, sum(yes(NOT w)) AS f, sum(open(w)) AS u FROM idle GROUP BY home)
SELECT p.id, verdict(p.age < 18 AND (h.income < CASE WHEN h.size = 1 THEN 12000 WHEN h.size = 2 THEN 16000 WHEN h.size = 3 THEN 20000 WHEN h.size = 4 THEN 24000 WHEN h.size <= 8 THEN 30000 END
  OR CASE WHEN h.id IS NULL THEN NULL WHEN o.f > 0 THEN false WHEN o.u > 0 OR NOT fresh(h.hukou_to, 60) THEN NULL ELSE true END))
FROM person p LEFT JOIN home h ON h.id = p.home LEFT JOIN of_home o ON o.home = p.home WHERE p.registered
