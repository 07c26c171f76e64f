DELETE FROM kept_answers WHERE created_at < ?
