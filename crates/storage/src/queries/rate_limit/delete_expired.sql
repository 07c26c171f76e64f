DELETE FROM rate_limits WHERE expires_at < ?
