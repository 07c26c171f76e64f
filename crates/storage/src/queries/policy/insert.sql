INSERT INTO policy_versions (tenant_id, number, tables, sources, tests, fingerprint, note, based_on, created_by, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
