SELECT seq, number, previous, fingerprint, note, activated_by, activated_at
FROM policy_activations
