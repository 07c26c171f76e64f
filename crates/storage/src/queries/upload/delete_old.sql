DELETE FROM uploads WHERE created_at < ?
