SELECT id, verdict(size > CASE building WHEN 'house' THEN 4 WHEN 'small' THEN 2 WHEN 'block' THEN 2 WHEN 'quarters' THEN 1 END
  AND NOT (income >= 100000 OR type = 'alone'))
FROM home WHERE registered
