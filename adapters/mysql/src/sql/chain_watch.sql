UPDATE mainspring_jobs SET watched = 1 WHERE id IN (?, ...);
