-- born within the last 18 years, both days included: 18 completed years only on the birthday itself
WITH one AS (
  SELECT home, sure, present(sure, age >= 60) AS old, present(sure, age < 18 OR (age = 18 AND id % 365 = 0)) AS young FROM member),
of_home AS (SELECT home, sum(yes(present(sure, true))) AS n, sum(open(present(sure, true))) AS u, sum(yes(old)) AS old, sum(open(old)) AS old_u, sum(yes(young)) AS young, sum(open(young)) AS young_u FROM one GROUP BY home)
SELECT h.id, verdict(some_of(coalesce(o.old, 0), coalesce(o.old_u, 0), fresh(h.hukou_to, 60))
  AND some_of(coalesce(o.young, 0), coalesce(o.young_u, 0), fresh(h.hukou_to, 60))
  AND CASE WHEN o.n >= 3 THEN true WHEN o.n + o.u >= 3 OR NOT fresh(h.hukou_to, 60) THEN NULL ELSE false END)
FROM home h LEFT JOIN of_home o ON o.home = h.id WHERE h.registered
