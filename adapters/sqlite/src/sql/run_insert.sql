-- Records of attempts, noted at ?3. ?1 is a JSON list of rows; where a row has two numbers for a
-- column, they say where it starts in ?2 and how many bytes it has.
INSERT INTO mainspring_runs (
    job, token, attempt, task, schedule, origin, fire_at_us, node, settled, outcome,
    started_at_us, finished_at_us, output_format, output_version, output_bytes, error, noted_at_us
)
SELECT
    substr(?2, new.value ->> 0, 16), new.value ->> 2, new.value ->> 3, new.value ->> 4,
    new.value ->> 5, new.value ->> 6, new.value ->> 7, new.value ->> 8, new.value ->> 9,
    new.value ->> 10, new.value ->> 11, new.value ->> 12, new.value ->> 13, new.value ->> 14,
    substr(?2, new.value ->> 15, new.value ->> 16),
    CAST(substr(?2, new.value ->> 17, new.value ->> 18) AS TEXT), ?3
FROM json_each(?1) AS new;
