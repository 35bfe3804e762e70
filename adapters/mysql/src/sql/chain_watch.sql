UPDATE mainspring_jobs FORCE INDEX (PRIMARY) SET watched = 1 WHERE id IN (?, ...);
