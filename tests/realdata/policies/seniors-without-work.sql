SELECT p.id, verdict(p.age >= 65
  AND CASE WHEN p.status IN ('employed', 'absent') THEN false
           WHEN NOT fresh(p.employment_to, 60) THEN NULL      -- another record might be missing
           WHEN p.employment IS NULL THEN true
           WHEN p.status IS NULL THEN NULL                    -- an empty cell, or in quarantine
           ELSE true END
  AND NOT h.income > CASE WHEN h.size = 1 THEN 40000 WHEN h.size <= 3 THEN 60000 WHEN h.size >= 4 THEN 90000 END)
FROM person p LEFT JOIN home h ON h.id = p.home WHERE p.registered
