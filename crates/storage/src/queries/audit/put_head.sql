INSERT INTO audit_heads (tenant_id, size, hash, frontier, signed, dropped) VALUES (?, ?, ?, ?, 0, 0)
ON CONFLICT (tenant_id) DO UPDATE SET size = excluded.size, hash = excluded.hash, frontier = excluded.frontier
WHERE audit_heads.size = ?
