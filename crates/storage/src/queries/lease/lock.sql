SELECT epoch FROM leases WHERE name = ?
