-- the table has no line for nine persons or more: unknown
SELECT id, verdict(size >= 3 AND income * 2 < 3 * CASE WHEN size = 1 THEN 12000 WHEN size = 2 THEN 16000 WHEN size = 3 THEN 20000 WHEN size = 4 THEN 24000 WHEN size <= 8 THEN 30000 END AND NOT income < 0) FROM home WHERE registered
