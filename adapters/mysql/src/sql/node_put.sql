INSERT INTO mainspring_nodes (
    id, role, tags, tasks, program, started_at_us, clock_offset_us, beat_at_us
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON DUPLICATE KEY UPDATE
    role = VALUES(role), tags = VALUES(tags), tasks = VALUES(tasks), program = VALUES(program),
    started_at_us = VALUES(started_at_us), clock_offset_us = VALUES(clock_offset_us),
    beat_at_us = VALUES(beat_at_us);
