-- The jobs of the ?1 records that were written last.
SELECT job FROM mainspring_runs ORDER BY seq DESC LIMIT ?1;
