SELECT source_path, source_fingerprint, source_text FROM agents WHERE tenant_id = ? AND agent_id = ?
