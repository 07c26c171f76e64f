SELECT e.tenant_id, e.seq, e.entry_id, e.created_at, e.actor_kind, e.actor_id, e.actor_role, e.category, e.action,
    e.subject_kind, e.subject_id, e.outcome, e.tool_use_id, e.body_hash, e.previous, e.hash, b.salt, b.body
FROM audit_entries e LEFT JOIN audit_bodies b ON b.tenant_id = e.tenant_id AND b.seq = e.seq
