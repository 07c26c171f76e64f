SELECT user_id, token_version FROM users WHERE version_changed_at > ? LIMIT ?
