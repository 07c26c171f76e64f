SELECT tenant_id, intent_id, intent_type, target_artifact_id, context, status, user_id, session_id, created_at, updated_at
FROM pending_intents
