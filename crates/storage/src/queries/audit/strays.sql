SELECT
    (SELECT COUNT(*) FROM audit_entries WHERE tenant_id = ? AND seq < 1) AS entries,
    (SELECT COUNT(*) FROM audit_bodies b WHERE b.tenant_id = ? AND NOT EXISTS (
        SELECT 1 FROM audit_entries e WHERE e.tenant_id = b.tenant_id AND e.seq = b.seq
    )) AS bodies
