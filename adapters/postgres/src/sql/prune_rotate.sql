-- From now on ($2) history is written to the part $1.
UPDATE schema.mainspring_meta SET
    value = CASE key WHEN 'runs_slot' THEN $1::bigint ELSE $2::bigint END
WHERE key IN ('runs_slot', 'runs_slot_at_us')
