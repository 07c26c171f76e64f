DELETE FROM outbox WHERE stream = ?
