INSERT INTO schema.mainspring_nodes (
    id, role, tags, tasks, program, started_at_us, clock_offset_us, beat_at_us
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (id) DO UPDATE SET
    role = excluded.role,
    tags = excluded.tags,
    tasks = excluded.tasks,
    program = excluded.program,
    started_at_us = excluded.started_at_us,
    clock_offset_us = excluded.clock_offset_us,
    beat_at_us = excluded.beat_at_us
