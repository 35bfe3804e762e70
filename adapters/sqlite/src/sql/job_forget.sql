DELETE FROM mainspring_jobs WHERE rowid = ?1;
