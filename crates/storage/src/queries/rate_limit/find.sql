SELECT hits FROM rate_limits WHERE name = ?
