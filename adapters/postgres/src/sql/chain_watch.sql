UPDATE schema.mainspring_jobs SET watched = true WHERE id = ANY($1) AND NOT watched
