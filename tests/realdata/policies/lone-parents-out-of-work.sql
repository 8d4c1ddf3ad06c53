WITH kin AS (
  SELECT home, sum(yes(child)) AS child, sum(open(child)) AS child_u, sum(yes(spouse)) AS spouse, sum(open(spouse)) AS spouse_u
  FROM (SELECT home, present(sure, relation = 'child' AND age < 18) AS child, present(sure, relation = 'spouse') AS spouse FROM member) GROUP BY home)
SELECT p.id, verdict(p.status IN ('unemployed', 'outside') AND p.relation = 'head'
  AND CASE WHEN k.child > 0 THEN true WHEN k.child_u > 0 OR NOT fresh(h.hukou_to, 30) THEN NULL WHEN h.id IS NOT NULL THEN false END
  AND CASE WHEN k.spouse > 0 THEN false WHEN k.spouse_u > 0 OR NOT fresh(h.hukou_to, 30) THEN NULL WHEN h.id IS NOT NULL THEN true END)
FROM person p LEFT JOIN home h ON h.id = p.home LEFT JOIN kin k ON k.home = p.home WHERE p.registered
