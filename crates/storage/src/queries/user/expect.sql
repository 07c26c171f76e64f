SELECT user_id FROM users WHERE user_id = ? AND token_version = ?
