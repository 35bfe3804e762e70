-- Leased jobs whose end concerns nobody else, without their payloads: as records of attempts that
-- have settled them. How they did that is added by the holder.
SELECT
    0 AS seq, id AS job, token, failures + rescues + 1 AS attempt, task, schedule, origin,
    fire_at_us, node, 1 AS settled, 9 AS outcome, NULL AS started_at_us, 0 AS finished_at_us,
    0 AS noted_at_us, NULL AS output_format, NULL AS error
FROM mainspring_jobs FORCE INDEX (PRIMARY)
WHERE id IN (?, ...) AND state = 1 AND watched = 0 AND unique_key IS NULL
ORDER BY id
FOR UPDATE;
