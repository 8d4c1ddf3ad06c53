WITH one AS (SELECT *, CASE building WHEN 'house' THEN 2 WHEN 'small' THEN 1 WHEN 'block' THEN 0 WHEN 'quarters' THEN 0 END AS most FROM home)
SELECT id, verdict(CASE WHEN most IS NULL THEN NULL WHEN cars > most THEN true
  WHEN fresh(vehicle_to, 90) AND cars + unsure_cars <= most THEN false END)
FROM one WHERE registered
