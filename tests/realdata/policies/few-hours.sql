WITH addend AS (
  SELECT home, present(sure, age >= 16) AS w,
         CASE WHEN hours IS NOT NULL THEN hours WHEN employment IS NULL AND fresh(employment_to, 60) THEN 0 END AS x
  FROM member),
total AS (
  SELECT home, sum(CASE WHEN w THEN coalesce(x, 0) WHEN w IS NULL THEN 0 ELSE 0 END) AS lo,
         sum(CASE WHEN NOT w THEN 0 ELSE coalesce(x, 99) END) AS hi
  FROM addend GROUP BY home)
SELECT h.id, verdict(CASE WHEN h.size IS NULL THEN NULL
  WHEN coalesce(t.lo, 0) >= 10 * h.size THEN false
  WHEN fresh(h.hukou_to, 60) AND coalesce(t.hi, 0) < 10 * h.size THEN true END)
FROM home h LEFT JOIN total t ON t.home = h.id WHERE h.registered
