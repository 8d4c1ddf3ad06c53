SELECT id, verdict(age < 18 AND poverty < 100) FROM person WHERE registered
