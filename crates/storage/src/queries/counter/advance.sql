UPDATE counters SET value = value + ? WHERE name = ? RETURNING value
