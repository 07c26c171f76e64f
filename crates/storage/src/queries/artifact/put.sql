INSERT INTO artifacts (tenant_id, artifact_id, artifact_type, intent_type, execution_id, lifecycle_state, semantic_descriptor, parent_artifacts, materializations, created_at, updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, artifact_id) DO UPDATE
SET lifecycle_state = excluded.lifecycle_state, semantic_descriptor = excluded.semantic_descriptor,
    parent_artifacts = excluded.parent_artifacts, materializations = excluded.materializations, updated_at = excluded.updated_at
