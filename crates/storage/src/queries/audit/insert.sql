INSERT INTO audit_entries (
    tenant_id, seq, entry_id, created_at, actor_kind, actor_id, actor_role, category, action, subject_kind, subject_id,
    outcome, tool_use_id, body_hash, previous, hash
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
