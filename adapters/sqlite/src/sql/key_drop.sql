-- A key that nobody holds any more.
DELETE FROM mainspring_keys WHERE task = ?1 AND key = ?2;
