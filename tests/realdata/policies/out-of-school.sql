-- an enrolment of last year is not there today; a quarantined one may be
SELECT id, verdict(age BETWEEN 6 AND 17
  AND CASE WHEN schooling IN ('kept', 'blank') AND NOT left_school THEN false
           WHEN schooling = 'broken' OR NOT fresh(schooling_to, 30) THEN NULL ELSE true END)
FROM person WHERE registered
