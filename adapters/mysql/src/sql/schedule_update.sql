-- What changes about schedules while their words stay: a JSON list of them. `claim` says what
-- becomes of the claim: 0 it stays, 1 it is given up, 2 it ends at `until_us`.
UPDATE JSON_TABLE(?, '$[*]' COLUMNS (
    id              VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$[0]',
    revision        BIGINT PATH '$[1]',
    next_kind       SMALLINT PATH '$[2]',
    next_at_us      BIGINT PATH '$[3]',
    last_fire_at_us BIGINT PATH '$[4]',
    fired           BIGINT PATH '$[5]',
    failures        BIGINT PATH '$[6]',
    pause_reason    SMALLINT PATH '$[7]',
    pause_since_us  BIGINT PATH '$[8]',
    claim           SMALLINT PATH '$[9]',
    until_us        BIGINT PATH '$[10]'
)) AS new
STRAIGHT_JOIN mainspring_schedules AS schedule ON schedule.id = new.id
SET
    schedule.revision = new.revision,
    schedule.next_kind = new.next_kind,
    schedule.next_at_us = new.next_at_us,
    schedule.last_fire_at_us = new.last_fire_at_us,
    schedule.fired = new.fired,
    schedule.failures = new.failures,
    schedule.pause_reason = new.pause_reason,
    schedule.pause_since_us = new.pause_since_us,
    schedule.updated_at_us = ?,
    schedule.claimed_until_us = CASE
        WHEN new.claim = 0 THEN schedule.claimed_until_us
        WHEN new.claim = 2 AND schedule.claimed_by IS NOT NULL THEN new.until_us
    END,
    schedule.claimed_by = CASE WHEN new.claim = 1 THEN NULL ELSE schedule.claimed_by END;
