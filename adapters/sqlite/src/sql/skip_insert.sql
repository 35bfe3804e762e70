INSERT INTO mainspring_skips (schedule, reason, from_us, to_us, count, at_least, noted_at_us)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);
