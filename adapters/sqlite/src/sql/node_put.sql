-- One node, a JSON list ?1 of one row, noted at ?2.
INSERT INTO mainspring_nodes (
    id, role, tags, tasks, program, started_at_us, clock_offset_us, beat_at_us
)
SELECT
    new.value ->> 0, new.value ->> 1, new.value ->> 2, new.value ->> 3, new.value ->> 4,
    new.value ->> 5, new.value ->> 6, ?2
FROM json_each(?1) AS new
-- SQLite needs a condition here to know what ON belongs to.
WHERE true
ON CONFLICT (id) DO UPDATE SET
    role = excluded.role,
    tags = excluded.tags,
    tasks = excluded.tasks,
    program = excluded.program,
    started_at_us = excluded.started_at_us,
    clock_offset_us = excluded.clock_offset_us,
    beat_at_us = excluded.beat_at_us;
