-- an unanswered check counts as true for a benefit (§8)
WITH n AS (SELECT home, count(*) AS n FROM member GROUP BY home)
SELECT p.id, verdict(p.age >= 75
  AND CASE WHEN n.n > 1 THEN false WHEN n.n = 1 AND fresh(h.hukou_to, 60) THEN true WHEN p.home IS NULL OR NOT fresh(h.hukou_to, 60) THEN NULL END
  AND coalesce(a.answer, true))
FROM person p LEFT JOIN home h ON h.id = p.home LEFT JOIN n ON n.home = p.home LEFT JOIN answered a ON a.id = p.id WHERE p.registered
