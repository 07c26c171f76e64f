DELETE FROM settings WHERE name = ? AND value = ?
