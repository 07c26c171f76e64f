UPDATE pending_intents SET tenant_id = ?
WHERE tenant_id = ? AND NOT EXISTS (SELECT 1 FROM pending_intents AS own WHERE own.tenant_id = ? AND own.intent_id = pending_intents.intent_id)
