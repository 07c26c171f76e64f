DELETE FROM intents WHERE execution_id = ?
