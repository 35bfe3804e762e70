-- What changes about jobs: a JSON list of them. The identifier is in hexadecimal digits.
UPDATE JSON_TABLE(?, '$[*]' COLUMNS (
    id             CHAR(32) PATH '$[0]',
    failures       INTEGER PATH '$[1]',
    rescues        INTEGER PATH '$[2]',
    token          BIGINT PATH '$[3]',
    state          SMALLINT PATH '$[4]',
    ready_at_us    BIGINT PATH '$[5]',
    node           VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$[6]',
    lease_until_us BIGINT PATH '$[7]',
    cancel         SMALLINT PATH '$[8]',
    start_by_us    BIGINT PATH '$[9]'
)) AS new
STRAIGHT_JOIN mainspring_jobs AS job ON job.id = UNHEX(new.id)
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
