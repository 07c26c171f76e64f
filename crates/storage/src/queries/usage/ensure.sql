INSERT INTO tenant_usage (tenant_id, bytes, files) VALUES (?, 0, 0) ON CONFLICT (tenant_id) DO NOTHING
