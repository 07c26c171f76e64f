-- Who may sign in, where they belong, and the credentials they hold. Secrets are kept as digests only.

CREATE TABLE tenants (
    tenant_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    owner_id TEXT,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE users (
    user_id TEXT PRIMARY KEY,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    home_tenant TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    token_version BIGINT NOT NULL,
    version_changed_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE INDEX users_by_version_change ON users (version_changed_at);

CREATE TABLE memberships (
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
) WITHOUT ROWID;

CREATE INDEX memberships_by_user ON memberships (user_id, created_at);

CREATE TABLE invitations (
    digest TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    role TEXT NOT NULL,
    email_key TEXT,
    invited_by TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    used_by TEXT
) WITHOUT ROWID;

CREATE INDEX invitations_by_expiry ON invitations (expires_at);

CREATE TABLE refresh_tokens (
    digest TEXT PRIMARY KEY,
    parent TEXT,
    family TEXT NOT NULL,
    user_id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    revoked_at BIGINT
) WITHOUT ROWID;

CREATE INDEX refresh_tokens_by_parent ON refresh_tokens (parent);
CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_by_user ON refresh_tokens (user_id);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);
CREATE INDEX refresh_tokens_by_revocation ON refresh_tokens (revoked_at);

CREATE TABLE service_tokens (
    token_id TEXT PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    tenant_id TEXT NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
) WITHOUT ROWID;

CREATE INDEX service_tokens_by_tenant ON service_tokens (tenant_id, created_at);

CREATE TABLE ws_tickets (
    digest TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    caller TEXT NOT NULL,
    expires_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE INDEX ws_tickets_by_expiry ON ws_tickets (expires_at);

CREATE TABLE rate_limits (
    name TEXT PRIMARY KEY,
    hits TEXT NOT NULL,
    expires_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE INDEX rate_limits_by_expiry ON rate_limits (expires_at);

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    updated_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE INDEX sessions_by_secret ON sessions (secret_digest);
