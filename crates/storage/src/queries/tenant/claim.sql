UPDATE tenants SET owner_id = ? WHERE tenant_id = ? AND owner_id IS NULL
