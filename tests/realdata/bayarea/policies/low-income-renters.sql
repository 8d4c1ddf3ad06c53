WITH one AS (SELECT h.*, c.tenancy AS tenancy_to FROM home h LEFT JOIN covered c USING (zone))
SELECT id, verdict(CASE WHEN tenure = 'rented' THEN true WHEN NOT fresh(tenancy_to, 60) THEN NULL WHEN tenancy IS NULL THEN false
                        WHEN tenure IS NULL THEN NULL ELSE false END
  AND income < CASE WHEN size = 1 THEN 12000 WHEN size = 2 THEN 16000 WHEN size = 3 THEN 20000 WHEN size = 4 THEN 24000 WHEN size <= 8 THEN 30000 END)
FROM one WHERE registered
