SELECT run.*
FROM (
    SELECT MAX(seq) AS seq FROM mainspring_runs WHERE schedule IN (?, ...) GROUP BY schedule
) AS last
STRAIGHT_JOIN mainspring_runs AS run ON run.seq = last.seq;
