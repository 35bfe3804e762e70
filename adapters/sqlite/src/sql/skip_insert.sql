-- Ranges of fires that did not become jobs, a JSON list ?1 of rows, noted at ?2.
INSERT INTO mainspring_skips (schedule, reason, from_us, to_us, count, at_least, noted_at_us)
SELECT
    new.value ->> 0, new.value ->> 1, new.value ->> 2, new.value ->> 3, new.value ->> 4,
    new.value ->> 5, ?2
FROM json_each(?1) AS new;
