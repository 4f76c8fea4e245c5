-- Work that outlives the request and the process that wanted it; done by whichever process comes to it first.

CREATE TABLE jobs (
    -- The order of lists.
    serial bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    id text COLLATE "C" PRIMARY KEY,
    kind text NOT NULL COLLATE "C",
    key text NOT NULL COLLATE "C",
    -- Not jsonb, which does not take every string that JSON has.
    payload json NOT NULL CHECK (json_typeof(payload) = 'object'),
    -- No foreign keys: a job may be about what is gone.
    pod_id text NOT NULL DEFAULT '' COLLATE "C",
    project_id text NOT NULL DEFAULT '' COLLATE "C",
    state text NOT NULL DEFAULT 'waiting' COLLATE "C",
    generation bigint NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    -- How often it was claimed: who holds another number than this holds nothing.
    claim bigint NOT NULL DEFAULT 0,
    worker text NOT NULL DEFAULT '',
    error text NOT NULL DEFAULT '',
    progress text NOT NULL DEFAULT '',
    cancelling boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    -- Since when somebody has wanted what is not done yet.
    wanted_at timestamptz NOT NULL,
    -- When a waiting job is to be begun; when the lease of one that runs ends.
    due_at timestamptz,
    -- When one that runs is to be begun again, where it was enqueued meanwhile.
    again_at timestamptz,
    started_at timestamptz,
    ended_at timestamptz,
    -- Seconds from when it was enqueued to the deadline.
    allowed double precision,
    deadline_at timestamptz,
    CONSTRAINT jobs_state CHECK (state IN ('waiting', 'running', 'done', 'dead', 'cancelled')),
    CONSTRAINT jobs_due_or_ended CHECK ((due_at IS NULL) = (ended_at IS NOT NULL)),
    CONSTRAINT jobs_ended_when_finished CHECK ((state IN ('waiting', 'running')) = (ended_at IS NULL)),
    CONSTRAINT jobs_again_when_running CHECK (state = 'running' OR (again_at IS NULL AND NOT cancelling))
);

-- Numbers that no other enqueuing has, so that a job in the place of another is not taken for it.
CREATE SEQUENCE job_generations OWNED BY jobs.generation;

CREATE UNIQUE INDEX jobs_one_unfinished ON jobs (kind, key) WHERE state IN ('waiting', 'running');
CREATE INDEX jobs_due ON jobs (due_at) WHERE state IN ('waiting', 'running');
CREATE INDEX jobs_dead ON jobs (serial) WHERE state = 'dead';
CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at IS NOT NULL;
