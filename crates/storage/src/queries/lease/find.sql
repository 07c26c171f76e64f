SELECT holder, epoch, expires_at FROM leases WHERE name = ?
