INSERT INTO users (user_id, email, email_key, name, home_tenant, password_hash, token_version, version_changed_at, created_at)
VALUES (?, ?, ?, ?, ?, ?, 1, 0, ?)
ON CONFLICT (email_key) DO NOTHING
