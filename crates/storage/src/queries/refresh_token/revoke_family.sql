UPDATE refresh_tokens SET revoked_at = ? WHERE family = ? AND revoked_at IS NULL
