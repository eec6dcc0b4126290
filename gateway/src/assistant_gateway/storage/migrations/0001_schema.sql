-- Everything that an assistant may keep. Content is sealed (bytea) or keyed (bigint tokens, lexemes); what is readable here says when and
-- how much, never what.

-- One for each conversation and each document: destroyed first, and with it all that it sealed.
CREATE TABLE data_keys (
    record uuid PRIMARY KEY,
    kek text NOT NULL,
    wrapped bytea NOT NULL
);
-- Statistics are samples of what is in a column, in a table of the server's own that no erasure reaches.
ALTER TABLE data_keys ALTER COLUMN wrapped SET STATISTICS 0;

CREATE TABLE conversations (
    id uuid PRIMARY KEY,
    owner bigint NOT NULL,
    ttl_seconds bigint NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    next_seq bigint NOT NULL DEFAULT 0,
    head bytea NOT NULL
);
CREATE INDEX conversations_owner ON conversations (owner, created_at);
CREATE INDEX conversations_expiry ON conversations (expires_at);

CREATE TABLE items (
    conversation uuid NOT NULL REFERENCES conversations ON DELETE CASCADE,
    seq bigint NOT NULL,
    id uuid NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (conversation, seq)
);
CREATE INDEX items_expiry ON items (expires_at);

CREATE TABLE documents (
    id uuid PRIMARY KEY,
    owner bigint,
    source text,
    locator bigint,
    content_tag bytea NOT NULL,
    acl bigint[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    chunk_count int NOT NULL,
    head bytea NOT NULL,
    UNIQUE (source, locator)
);
CREATE INDEX documents_owner ON documents (owner);
CREATE INDEX documents_expiry ON documents (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE chunks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document uuid NOT NULL REFERENCES documents ON DELETE CASCADE,
    seq int NOT NULL,
    acl bigint[] NOT NULL,
    terms tsvector STORAGE MAIN NOT NULL, -- in the row: out of line or compressed, each match and rank would have to fetch it
    sealed bytea STORAGE EXTERNAL NOT NULL, -- ciphertext does not compress
    UNIQUE (document, seq)
);
CREATE INDEX chunks_terms ON chunks USING gin (terms);

-- The vectors of space n are in a table vectors_<n> of their own, made when the space is: each embedding model has its own dimensions.
CREATE TABLE spaces (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    model_digest text NOT NULL UNIQUE,
    dimensions int NOT NULL,
    state text NOT NULL CHECK (state IN ('building', 'serving'))
);

CREATE TABLE source_runs (
    source text PRIMARY KEY,
    started_at timestamptz,
    finished_at timestamptz,
    documents int NOT NULL DEFAULT 0,
    chunks int NOT NULL DEFAULT 0,
    failed jsonb NOT NULL DEFAULT '{}' -- reason: count
);

CREATE TABLE purges (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    last_at timestamptz,
    purged bigint NOT NULL DEFAULT 0,
    high_water timestamptz NOT NULL DEFAULT now()
);
INSERT INTO purges DEFAULT VALUES;
