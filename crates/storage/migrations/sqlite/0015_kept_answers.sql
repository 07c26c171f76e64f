-- Answers to requests that came with a key, so that a repetition is answered alike and done once.

CREATE TABLE kept_answers (
    tenant_id TEXT NOT NULL,
    -- The digest of who asked, of what, and their key.
    answer_key TEXT NOT NULL,
    body_digest TEXT NOT NULL,
    -- Which request it is: all that one commits is under its key, and nothing of another.
    attempt TEXT NOT NULL,
    -- The answer's status; none until it is answered, and for good when it was cut off.
    status BIGINT,
    -- The answer's body, unless it is not kept.
    body TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, answer_key)
) WITHOUT ROWID;

CREATE INDEX kept_answers_by_time ON kept_answers (created_at);
