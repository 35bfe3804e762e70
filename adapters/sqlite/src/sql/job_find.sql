SELECT rowid AS row_id, * FROM mainspring_jobs WHERE id = ?1;
