UPDATE users SET password_hash = ?, token_version = token_version + 1, version_changed_at = ?
WHERE user_id = ? AND token_version = ?
