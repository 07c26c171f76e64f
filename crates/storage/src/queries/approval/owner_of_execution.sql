SELECT user_id AS owner FROM intents WHERE tenant_id = ? AND execution_id = ?
