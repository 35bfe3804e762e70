-- Which of these jobs are there, by what was committed last, whatever this transaction has seen
-- before.
SELECT id FROM mainspring_jobs FORCE INDEX (PRIMARY) WHERE id IN (?, ...) LOCK IN SHARE MODE;
