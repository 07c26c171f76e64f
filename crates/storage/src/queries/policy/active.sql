SELECT v.tenant_id, v.number, v.tables, v.sources, v.tests, v.fingerprint, v.note, v.based_on, v.created_by, v.created_at
FROM policy_heads h JOIN policy_versions v ON v.tenant_id = h.tenant_id AND v.number = h.active
WHERE h.tenant_id = ?
