-- Identity: who there is, who is signed in, and what access tokens are signed with.

CREATE TABLE users (
    -- UUIDv7.
    id TEXT PRIMARY KEY,
    -- As the user wrote it, without the space around it.
    email TEXT NOT NULL,
    -- The address in lower case: one account an address, however it is written.
    email_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- Argon2id as a PHC string, which carries its own parameters and salt.
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    -- UUIDv7; the `sid` of access tokens. Not a secret.
    id TEXT PRIMARY KEY,
    -- SHA-256 of the cookie's secret in base64url: whoever reads this table can not sign in with it.
    secret_hash TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id),
    user_agent TEXT,
    created_at BIGINT NOT NULL,
    -- To the hour: refreshed no more often than that.
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- A user's sessions, for the list and for ending the ones not used for longest.
CREATE INDEX sessions_by_user ON sessions (user_id, last_seen_at);
-- What the sweep deletes.
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE signing_keys (
    -- The `kid`: RFC 7638 thumbprint of the public key.
    id TEXT PRIMARY KEY,
    -- 1, 2, 3 …: two instances that make the next key at the same moment collide here, and one key is left.
    generation BIGINT NOT NULL UNIQUE,
    -- 32 bytes in base64url: the `x` of its JWK.
    public_key TEXT NOT NULL,
    -- 24 bytes of nonce, then the key pair under XChaCha20-Poly1305, in base64url; `id` is the associated data.
    sealed_key_pair TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- From when it signs, unless a later generation does already.
    signs_from BIGINT NOT NULL
);
