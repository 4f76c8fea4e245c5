-- Creates that came with an Idempotency-Key: written before the pod is asked, so that whoever comes after a crash knows of them.

CREATE TABLE intents (
    -- Also the value of the metadata item that the create carries.
    id text COLLATE "C" PRIMARY KEY,
    project_id text NOT NULL COLLATE "C",
    user_id text NOT NULL COLLATE "C",
    operation text NOT NULL COLLATE "C",
    key text NOT NULL COLLATE "C",
    -- Of the request.
    digest bytea NOT NULL,
    kind text NOT NULL COLLATE "C",
    marked boolean NOT NULL,
    request jsonb NOT NULL CHECK (jsonb_typeof(request) = 'object'),
    -- Empty until it is sent for the first time. No foreign key: a pod may go while its answer is kept.
    pod_id text NOT NULL DEFAULT '' COLLATE "C",
    tried_at timestamptz,
    -- The answer, once it is known that something was made; without a body where that is too large.
    answer_status integer,
    answer_headers jsonb,
    answer_body bytea,
    resource_id text NOT NULL DEFAULT '' COLLATE "C",
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    -- When the elected process is to look at it next.
    look_at timestamptz,
    CONSTRAINT intents_sent CHECK ((pod_id = '') = (tried_at IS NULL)),
    -- Decides who was first.
    CONSTRAINT intents_scope UNIQUE (project_id, user_id, operation, key)
);

CREATE INDEX intents_due ON intents (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX intents_ending ON intents (expires_at);
