-- SQLite counts whole milliseconds and rounds down, so the store's clock is never ahead.
SELECT CAST(round(unixepoch('subsec') * 1000.0) AS INTEGER) * 1000 AS now_us;
