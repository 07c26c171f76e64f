SELECT seq FROM outbox WHERE stream = ? ORDER BY seq LIMIT 1
