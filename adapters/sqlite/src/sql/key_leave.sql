-- The job ?3 leaves its key to others, unless another one has it by now.
DELETE FROM mainspring_keys WHERE task = ?1 AND key = ?2 AND job = ?3;
