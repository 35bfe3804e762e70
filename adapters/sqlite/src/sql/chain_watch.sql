-- The schedule is to hear of the end of each of its jobs.
UPDATE mainspring_jobs SET watched = 1 WHERE schedule = ?1 AND watched = 0;
