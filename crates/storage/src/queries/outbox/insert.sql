INSERT INTO outbox (tenant_id, stream, seq, kind, name, data, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)
