WITH kin AS (SELECT home, sum(yes(present(sure, relation = 'child' AND age < 19))) AS t FROM member GROUP BY home)
SELECT h.id, verdict(CASE WHEN h.family IS NULL AND fresh(h.family_to, 60) THEN 0 ELSE h.children END = 0
  AND NOT CASE WHEN k.t > 0 THEN false END)                                 -- open: never surely none
FROM home h LEFT JOIN kin k ON k.home = h.id WHERE h.registered
