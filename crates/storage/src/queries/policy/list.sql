SELECT number, fingerprint, note, based_on, created_by, created_at
FROM policy_versions
