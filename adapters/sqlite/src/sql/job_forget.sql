DELETE FROM mainspring_jobs WHERE seq = ?1;
