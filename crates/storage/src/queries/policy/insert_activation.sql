INSERT INTO policy_activations (tenant_id, seq, number, previous, fingerprint, note, activated_by, activated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
