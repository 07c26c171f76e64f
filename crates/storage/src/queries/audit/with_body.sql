SELECT e.seq FROM audit_entries e JOIN audit_bodies b ON b.tenant_id = e.tenant_id AND b.seq = e.seq
WHERE e.tenant_id = ? AND (e.actor_id = ? OR e.subject_id = ?) AND e.seq > ? ORDER BY e.seq LIMIT ?
