INSERT INTO mainspring_skips (schedule, reason, from_us, to_us, count, at_least, noted_at_us)
VALUES (?, ?, ?, ?, ?, ?, ?), ...;
