-- The original files in plain words. Persons and households as the sample has them, before anything happened to their records.
CREATE TABLE raw_person AS
SELECT PERID AS id, household_id AS home, age, sex,
       CASE RELATE WHEN 1 THEN 'head' WHEN 2 THEN 'spouse' WHEN 3 THEN 'child' WHEN 4 THEN 'child' WHEN 5 THEN 'child' WHEN 7 THEN 'parent' ELSE 'other' END AS relation,
       CASE ESR WHEN 1 THEN 'employed' WHEN 2 THEN 'absent' WHEN 3 THEN 'unemployed' WHEN 6 THEN 'outside' WHEN 0 THEN NULL ELSE 'forces' END AS status,
       HOURS AS hours, GRADE AS grade, EARNS AS earns, nullif(POVERTY, 0) AS poverty,
       CASE MSP WHEN 1 THEN 'married' WHEN 2 THEN 'apart' WHEN 3 THEN 'widowed' WHEN 4 THEN 'divorced' WHEN 5 THEN 'separated' WHEN 6 THEN 'single' END AS marital,
       NULL::INT AS industry, NULL::VARCHAR AS duty
FROM read_csv(getvariable('persons'));
CREATE TABLE raw_household AS
SELECT HHID AS id, '310107' || lpad(TAZ::VARCHAR, 3, '0') AS zone, PERSONS AS size, income, NOC AS children,
       CASE WHEN BLDGSZ = 0 THEN NULL WHEN BLDGSZ IN (1, 2, 3, 10) THEN 'house' WHEN BLDGSZ <= 6 THEN 'small' ELSE 'block' END AS building,
       CASE HHT WHEN 1 THEN 'married' WHEN 2 THEN 'male_head' WHEN 3 THEN 'female_head' WHEN 4 THEN 'alone' WHEN 6 THEN 'alone' WHEN 0 THEN NULL ELSE 'non_family' END AS type,
       CASE TENURE WHEN 1 THEN 'mortgage' WHEN 2 THEN 'owned' WHEN 3 THEN 'rented' WHEN 4 THEN 'free' END AS tenure
FROM read_csv(getvariable('households'));
