INSERT INTO intents (execution_id, tenant_id, intent_id, intent_type, session_id, solution_id, user_id, parameters, metadata, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (execution_id) DO NOTHING
