SELECT user_id, email, name, home_tenant, password_hash, token_version, created_at FROM users WHERE user_id = ?
