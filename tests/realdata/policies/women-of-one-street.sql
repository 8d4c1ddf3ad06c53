-- whoever has no place might live here; nobody of another street has a verdict (§9). The birthday lay id % 365 days ago,
-- 288 days ago it was 31 December: born before 1976 is 50 today with that birthday not this year, or older.
SELECT id, verdict(starts_with(zone, '310107010') AND sex = 2
  AND CASE WHEN age = 50 THEN id % 365 >= 288 ELSE age > 50 END
  AND CASE WHEN employment IS NULL AND fresh(employment_to, 60) THEN 0 ELSE hours END < 20
  AND NOT age >= 90)
FROM person WHERE registered AND (zone IS NULL OR starts_with(zone, '310107010'))
