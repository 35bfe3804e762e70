-- Leased jobs whose end concerns nobody else, without their payloads.
SELECT id, task, schedule, origin, fire_at_us, node, failures, rescues, token
FROM mainspring_jobs
WHERE id IN (?, ...) AND state = 1 AND watched = 0 AND unique_key IS NULL
ORDER BY id
FOR UPDATE;
