SELECT e.execution_id, e.tenant_id, e.status, e.attempt, e.retries, e.last_seq, e.parent_id, e.wait, e.result, e.failure, e.updated_at, i.intent_id, i.intent_type, i.session_id, i.solution_id, i.user_id, i.parameters, i.metadata, i.created_at
FROM executions AS e JOIN intents AS i ON i.execution_id = e.execution_id
