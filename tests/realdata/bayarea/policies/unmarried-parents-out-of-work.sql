SELECT p.id, verdict(p.status IN ('unemployed', 'outside') AND p.marital NOT IN ('married', 'apart')
  AND CASE WHEN h.family IS NULL AND h.id IS NOT NULL AND fresh(h.family_to, 60) THEN 0 ELSE h.children END >= 1
  AND p.relation <> 'child')
FROM person p LEFT JOIN home h ON h.id = p.home WHERE p.registered
