SELECT id FROM mainspring_jobs WHERE id IN (?, ...);
