DELETE FROM mainspring_jobs WHERE id IN (?, ...);
