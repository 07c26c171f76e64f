SELECT record_id, parent_id FROM records WHERE tenant_id = ? ORDER BY parent_id, record_id
