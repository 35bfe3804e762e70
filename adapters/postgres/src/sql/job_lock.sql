SELECT {job} FROM schema.mainspring_jobs WHERE id = ANY($1) ORDER BY id FOR UPDATE
