SELECT id, token, cancel FROM mainspring_jobs WHERE id IN (?, ...) AND state = 1 FOR UPDATE;
