SELECT id, verdict(age >= 65 AND CASE WHEN income IS NULL AND fresh(income_to, 60) THEN 0 ELSE earns END = 0) FROM person WHERE registered
