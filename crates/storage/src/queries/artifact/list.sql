SELECT tenant_id, artifact_id, artifact_type, intent_type, execution_id, lifecycle_state, semantic_descriptor, parent_artifacts, materializations, created_at, updated_at
FROM artifacts
