-- How attempts ended, and whether that settled the job. ?1 is a JSON list of rows: the place of the
-- job's id in ?2, its length, the token of its claim.
SELECT wanted.key AS number, run.outcome AS outcome, run.settled AS settled
FROM json_each(?1) AS wanted
    CROSS JOIN mainspring_runs AS run ON run.seq = (
        SELECT seq FROM mainspring_runs
        WHERE job = substr(?2, wanted.value ->> 0, 16) AND token = wanted.value ->> 2
        ORDER BY seq LIMIT 1
    );
