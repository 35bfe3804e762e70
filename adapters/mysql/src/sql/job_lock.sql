SELECT * FROM mainspring_jobs WHERE id IN (?, ...) ORDER BY id FOR UPDATE;
