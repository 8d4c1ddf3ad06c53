-- The original files in plain words. A negative code is nothing known.
CREATE TABLE raw_person AS
SELECT person_id AS id, household_id AS home, age::INT AS age, sex,
       CASE relate WHEN 0 THEN 'head' WHEN 1 THEN 'spouse' WHEN 2 THEN 'child' WHEN 3 THEN 'child' WHEN 4 THEN 'child' WHEN 6 THEN 'parent' ELSE 'other' END AS relation,
       CASE esr WHEN 1 THEN 'employed' WHEN 2 THEN 'absent' WHEN 3 THEN 'unemployed' WHEN 6 THEN 'outside' END AS status,
       CASE WHEN wkhp >= 0 THEN wkhp::INT END AS hours, CASE WHEN schg > 0 THEN schg::INT END AS grade, NULL::INT AS earns, NULL::INT AS poverty,
       NULL::VARCHAR AS marital, CASE WHEN industry >= 0 THEN industry::INT END AS industry,
       CASE mil WHEN 2 THEN 'reserve_active' WHEN 3 THEN 'past' WHEN 4 THEN 'none' END AS duty
FROM read_csv(getvariable('persons'));
CREATE TABLE raw_household AS
SELECT household_id AS id, '310107' || lpad((taz::INT - 2099)::VARCHAR, 3, '0') AS zone, persons AS size, hincp::INT AS income,
       CASE WHEN children >= 0 THEN children::INT END AS children, CASE type WHEN 1 THEN 'house' ELSE 'quarters' END AS building,
       CASE hht WHEN 1 THEN 'married' WHEN 2 THEN 'male_head' WHEN 3 THEN 'female_head' WHEN 4 THEN 'alone' WHEN 6 THEN 'alone' WHEN 0 THEN NULL ELSE 'non_family' END AS type,
       NULL::VARCHAR AS tenure
FROM read_csv(getvariable('households'));
