SELECT name FROM counters WHERE value <> 0 LIMIT 1
