SELECT p.id, verdict(p.age >= 65
  AND CASE WHEN p.status IN ('employed', 'absent') THEN false
           WHEN p.status IS NOT NULL THEN true                -- §6: there is one record at most, and it is there
           WHEN p.employment IS NOT NULL THEN NULL            -- an empty cell, or in quarantine
           WHEN fresh(p.employment_to, 60) THEN true END
  AND NOT h.income > CASE WHEN h.size = 1 THEN 40000 WHEN h.size <= 3 THEN 60000 WHEN h.size >= 4 THEN 90000 END)
FROM person p LEFT JOIN home h ON h.id = p.home WHERE p.registered
