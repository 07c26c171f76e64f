-- Who may sign in, where they belong, and the credentials they hold. Secrets are kept as digests only.
-- Text compares by bytes (COLLATE "C"), as it does in SQLite, so that cursors mean the same on both.

CREATE TABLE tenants (
    tenant_id TEXT COLLATE "C" PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    owner_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL
);

CREATE TABLE users (
    user_id TEXT COLLATE "C" PRIMARY KEY,
    email TEXT COLLATE "C" NOT NULL,
    email_key TEXT COLLATE "C" NOT NULL UNIQUE,
    name TEXT COLLATE "C" NOT NULL,
    home_tenant TEXT COLLATE "C" NOT NULL,
    password_hash TEXT COLLATE "C" NOT NULL,
    token_version BIGINT NOT NULL,
    version_changed_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX users_by_version_change ON users (version_changed_at);

CREATE TABLE memberships (
    tenant_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
);

CREATE INDEX memberships_by_user ON memberships (user_id, created_at);

CREATE TABLE invitations (
    digest TEXT COLLATE "C" PRIMARY KEY,
    tenant_id TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    email_key TEXT COLLATE "C",
    invited_by TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    used_by TEXT COLLATE "C"
);

CREATE INDEX invitations_by_expiry ON invitations (expires_at);

CREATE TABLE refresh_tokens (
    digest TEXT COLLATE "C" PRIMARY KEY,
    parent TEXT COLLATE "C",
    family TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    tenant_id TEXT COLLATE "C" NOT NULL,
    session_id TEXT COLLATE "C" NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    revoked_at BIGINT
);

CREATE INDEX refresh_tokens_by_parent ON refresh_tokens (parent);
CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_by_user ON refresh_tokens (user_id);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);
CREATE INDEX refresh_tokens_by_revocation ON refresh_tokens (revoked_at);

CREATE TABLE service_tokens (
    token_id TEXT COLLATE "C" PRIMARY KEY,
    digest TEXT COLLATE "C" NOT NULL UNIQUE,
    tenant_id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    scopes TEXT COLLATE "C" NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);

CREATE INDEX service_tokens_by_tenant ON service_tokens (tenant_id, created_at);

CREATE TABLE ws_tickets (
    digest TEXT COLLATE "C" PRIMARY KEY,
    tenant_id TEXT COLLATE "C" NOT NULL,
    caller TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX ws_tickets_by_expiry ON ws_tickets (expires_at);

CREATE TABLE rate_limits (
    name TEXT COLLATE "C" PRIMARY KEY,
    hits TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX rate_limits_by_expiry ON rate_limits (expires_at);

CREATE TABLE settings (
    name TEXT COLLATE "C" PRIMARY KEY,
    value TEXT COLLATE "C" NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE INDEX sessions_by_secret ON sessions (secret_digest);
