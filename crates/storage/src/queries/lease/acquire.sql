-- Taken when nobody holds it, when the holder is the same node, or when it has run out.
INSERT INTO leases (name, holder, epoch, expires_at) VALUES (?, ?, 1, ?)
ON CONFLICT (name) DO UPDATE
SET holder = excluded.holder, epoch = leases.epoch + 1, expires_at = excluded.expires_at
WHERE leases.holder = excluded.holder OR leases.expires_at < ?
RETURNING epoch
