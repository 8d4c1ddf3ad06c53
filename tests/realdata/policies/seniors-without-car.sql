WITH old AS (SELECT home, sum(yes(present(sure, age >= 70))) AS t FROM member GROUP BY home)
SELECT h.id, verdict(CASE WHEN o.t >= 1 THEN true END                       -- open: never fewer than those found, perhaps more
  AND CASE WHEN h.cars > 0 THEN false WHEN h.unsure_cars > 0 OR NOT fresh(h.vehicle_to, 30) THEN NULL ELSE true END)
FROM home h LEFT JOIN old o ON o.home = h.id WHERE h.registered
