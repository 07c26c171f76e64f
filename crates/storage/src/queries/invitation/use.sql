UPDATE invitations SET used_at = ?, used_by = ? WHERE digest = ? AND used_at IS NULL AND expires_at > ?
