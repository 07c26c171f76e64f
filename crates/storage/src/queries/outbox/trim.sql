DELETE FROM outbox WHERE stream = ? AND seq <= ?
