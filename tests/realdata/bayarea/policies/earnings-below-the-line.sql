WITH addend AS (
  SELECT home, present(sure, age >= 16) AS w, CASE WHEN earns IS NOT NULL THEN earns WHEN income IS NULL AND fresh(income_to, 60) THEN 0 END AS x FROM member),
total AS (SELECT home, sum(CASE WHEN w THEN coalesce(x, 0) ELSE 0 END) AS lo, sum(CASE WHEN NOT w THEN 0 ELSE coalesce(x, 999999) END) AS hi FROM addend GROUP BY home),
one AS (SELECT h.*, coalesce(t.lo, 0) AS lo, coalesce(t.hi, 0) AS hi, CASE WHEN h.size = 1 THEN 12000 WHEN h.size = 2 THEN 16000 WHEN h.size = 3 THEN 20000 WHEN h.size = 4 THEN 24000 WHEN h.size <= 8 THEN 30000 END AS line FROM home h LEFT JOIN total t ON t.home = h.id)
SELECT id, verdict(CASE WHEN line IS NULL THEN NULL WHEN lo > line THEN false WHEN fresh(hukou_to, 60) AND hi <= line THEN true END) FROM one WHERE registered
