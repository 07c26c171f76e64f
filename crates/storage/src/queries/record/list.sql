SELECT tenant_id, record_id, source, parent_id, title, heading, body, kind, date, metadata
FROM records
