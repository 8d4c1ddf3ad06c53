SELECT p.id, verdict(p.age >= 60 AND p.duty IN ('reserve_active', 'past') AND h.income < 2 * CASE WHEN h.size = 1 THEN 12000 WHEN h.size = 2 THEN 16000 WHEN h.size = 3 THEN 20000 WHEN h.size = 4 THEN 24000 WHEN h.size <= 8 THEN 30000 END)
FROM person p LEFT JOIN home h ON h.id = p.home WHERE p.registered
