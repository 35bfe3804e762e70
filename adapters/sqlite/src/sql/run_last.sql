-- The last runs of the schedules ?1 (a JSON list).
SELECT wanted.key AS number, run.*
FROM json_each(?1) AS wanted
    CROSS JOIN mainspring_runs AS run ON run.seq = (
        SELECT max(seq) FROM mainspring_runs WHERE schedule = wanted.value
    );
