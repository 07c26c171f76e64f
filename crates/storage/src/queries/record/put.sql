INSERT INTO records (tenant_id, record_id, source, parent_id, title, heading, body, kind, date, metadata)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, record_id) DO UPDATE
SET source = excluded.source, parent_id = excluded.parent_id, title = excluded.title, heading = excluded.heading,
    body = excluded.body, kind = excluded.kind, date = excluded.date, metadata = excluded.metadata
