UPDATE leases SET expires_at = ? WHERE name = ? AND epoch = ?
