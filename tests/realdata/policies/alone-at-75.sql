-- an unanswered check counts as true for a benefit (§8)
WITH n AS (SELECT home, sum(yes(present(sure, true))) AS n, sum(open(present(sure, true))) AS u FROM member GROUP BY home)
SELECT p.id, verdict(p.age >= 75
  AND CASE WHEN n.n > 1 THEN false WHEN p.home IS NULL OR n.u > 0 OR NOT fresh(h.hukou_to, 60) THEN NULL ELSE n.n = 1 END
  AND coalesce(a.answer, true))
FROM person p LEFT JOIN home h ON h.id = p.home LEFT JOIN n ON n.home = p.home LEFT JOIN answered a ON a.id = p.id WHERE p.registered
