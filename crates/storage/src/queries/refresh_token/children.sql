SELECT digest, used_at, revoked_at FROM refresh_tokens WHERE parent = ?
