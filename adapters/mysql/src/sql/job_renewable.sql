SELECT id, token, cancel FROM mainspring_jobs FORCE INDEX (PRIMARY)
WHERE id IN (?, ...) AND state = 1
FOR UPDATE;
