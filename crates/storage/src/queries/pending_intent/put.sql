INSERT INTO pending_intents (tenant_id, intent_id, intent_type, target_artifact_id, context, status, user_id, session_id, created_at, updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, intent_id) DO UPDATE
SET status = excluded.status, context = excluded.context, updated_at = excluded.updated_at
