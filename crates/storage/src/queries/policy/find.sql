SELECT tenant_id, number, tables, sources, tests, fingerprint, note, based_on, created_by, created_at
FROM policy_versions
WHERE tenant_id = ? AND number = ?
