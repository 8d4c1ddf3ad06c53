-- §6: the work records of a member of unknown presence are of unknown presence too
WITH one AS (
  SELECT home, present(sure, age < 18) AS minor, present(sure, industry IN (3, 4, 5, 6, 13, 15, 16)) AS trade,
         work IS NOT NULL AND (NOT sure OR industry IS NULL) AS unsure, fresh(work_to, 60) AS whole
  FROM member),
of_home AS (SELECT home, sum(yes(minor)) AS t, sum(open(minor)) AS u, sum(yes(trade)) AS trades, bool_or(unsure) AS unsure, bool_and(whole) AS whole FROM one GROUP BY home)
SELECT h.id, verdict(some_of(coalesce(o.t, 0), coalesce(o.u, 0), fresh(h.hukou_to, 60))
  AND CASE WHEN o.trades > 0 THEN false WHEN o.unsure OR NOT coalesce(o.whole, true) OR NOT fresh(h.hukou_to, 60) THEN NULL ELSE true END)
FROM home h LEFT JOIN of_home o ON o.home = h.id WHERE h.registered
