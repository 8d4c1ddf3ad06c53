SELECT id, verdict(age >= 18
  AND CASE WHEN employment IS NULL AND fresh(employment_to, 60) THEN 0 ELSE hours END > 0
  AND CASE WHEN industry <> 0 THEN false WHEN NOT fresh(work_to, 60) THEN NULL WHEN work IS NULL THEN true
           WHEN industry IS NULL THEN NULL ELSE true END)
FROM person WHERE registered
