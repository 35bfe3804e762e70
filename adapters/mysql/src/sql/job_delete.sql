-- Named twice, because only this form takes the name of an index. Without it the server reads a small
-- table as a whole, and locks every row that it reads.
DELETE job FROM mainspring_jobs AS job FORCE INDEX (PRIMARY) WHERE job.id IN (?, ...);
