-- What changes about jobs: a JSON list of them, and their identifiers, one after the other.
UPDATE JSON_TABLE(?, '$[*]' COLUMNS (
    id_from        INTEGER PATH '$[0]',
    id_length      INTEGER PATH '$[1]',
    failures       INTEGER PATH '$[2]',
    rescues        INTEGER PATH '$[3]',
    token          BIGINT PATH '$[4]',
    state          SMALLINT PATH '$[5]',
    ready_at_us    BIGINT PATH '$[6]',
    node           VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$[7]',
    lease_until_us BIGINT PATH '$[8]',
    cancel         SMALLINT PATH '$[9]',
    start_by_us    BIGINT PATH '$[10]'
)) AS new
STRAIGHT_JOIN mainspring_jobs AS job ON job.id = SUBSTRING(?, new.id_from, new.id_length)
SET
    job.failures = new.failures,
    job.rescues = new.rescues,
    job.token = new.token,
    job.state = new.state,
    job.ready_at_us = IFNULL(new.ready_at_us, job.ready_at_us),
    job.node = new.node,
    job.lease_until_us = new.lease_until_us,
    job.cancel = new.cancel,
    job.start_by_us = new.start_by_us;
