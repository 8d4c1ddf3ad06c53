-- the birthday lay id % 365 days ago; 44 days ago it was 1 September
SELECT id, verdict(CASE WHEN id % 365 < 44 THEN age - 1 ELSE age END >= 16 AND age < 25
  AND status NOT IN ('employed', 'absent', 'forces')
  AND CASE WHEN schooling = 'broken' THEN NULL                              -- perhaps there, perhaps not
           WHEN schooling IS NULL OR left_school THEN true                   -- closed: whatever is not found is not there
           ELSE NOT grade >= 3 END)
FROM person WHERE registered
