DELETE FROM outbox WHERE stream = ? AND created_at < ?
