INSERT INTO tenant_settings (tenant_id, name, version, value, changed_by, changed_at) VALUES (?, ?, 1, ?, ?, ?)
ON CONFLICT (tenant_id, name) DO UPDATE SET
    version = tenant_settings.version + 1, value = excluded.value, changed_by = excluded.changed_by, changed_at = excluded.changed_at
