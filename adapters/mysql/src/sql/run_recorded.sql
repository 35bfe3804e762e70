-- How the attempts of these jobs ended, in the order in which they were recorded.
SELECT job, token, outcome, settled FROM mainspring_runs WHERE job IN (?, ...) ORDER BY seq;
