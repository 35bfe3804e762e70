DELETE FROM schema.mainspring_jobs WHERE id = ANY($1)
