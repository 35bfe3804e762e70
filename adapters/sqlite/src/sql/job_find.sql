SELECT * FROM mainspring_jobs WHERE id = ?1;
