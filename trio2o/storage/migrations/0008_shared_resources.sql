-- What pods are to have the same, and how each of them stands to it.

CREATE TABLE shared_resources (
    -- The kind, a colon, and the id that users know.
    id text COLLATE "C" PRIMARY KEY,
    kind text NOT NULL COLLATE "C",
    top_id text NOT NULL COLLATE "C",
    -- A user's id; empty for what is everybody's.
    owner text NOT NULL DEFAULT '' COLLATE "C",
    name text NOT NULL COLLATE "C",
    document jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(document) = 'object'),
    version bigint NOT NULL CHECK (version > 0),
    -- Stays until no pod may have it any more, and a while longer: a comparison that began before does not bring it back.
    deleted boolean NOT NULL DEFAULT false,
    changed_at timestamptz NOT NULL,
    -- When a copy was last written.
    noted_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX shared_resources_alive ON shared_resources (kind, owner, name) WHERE NOT deleted;
CREATE INDEX shared_resources_deleted ON shared_resources (kind, owner, name) WHERE deleted;

-- A registered pod without a row here does not have the thing, one with an older version not in this form: both are behind.
CREATE TABLE shared_copies (
    resource_id text NOT NULL COLLATE "C" REFERENCES shared_resources ON DELETE CASCADE,
    pod_id text NOT NULL COLLATE "C" REFERENCES pods ON DELETE CASCADE,
    -- The pod's own id; empty while it is not known.
    pod_ref text NOT NULL DEFAULT '',
    state text NOT NULL CHECK (state IN ('current', 'behind', 'refused')),
    version bigint NOT NULL,
    error text NOT NULL DEFAULT '',
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (resource_id, pod_id)
);
CREATE INDEX shared_copies_of_pod ON shared_copies (pod_id, pod_ref);

-- Clients' writes that are under way, or were when their process ended.
CREATE TABLE shared_writes (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    owner text NOT NULL,
    name text NOT NULL,
    judge_id text NOT NULL,
    deletes boolean NOT NULL,
    began_at timestamptz NOT NULL,
    -- Another write of the same thing was open at the same time.
    overlapped boolean NOT NULL
);
CREATE INDEX shared_writes_of_thing ON shared_writes (kind, owner, name);

-- How pods differed from what is wanted when they were last compared.
CREATE TABLE shared_drift (
    kind text NOT NULL COLLATE "C",
    owner text NOT NULL COLLATE "C",
    name text NOT NULL COLLATE "C",
    pod_id text NOT NULL COLLATE "C" REFERENCES pods ON DELETE CASCADE,
    difference text NOT NULL,
    detail text NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (kind, owner, name, pod_id)
);

-- Copies are not announced themselves: whoever writes some touches their resource.
CREATE TRIGGER shared_resources_inserted AFTER INSERT ON shared_resources
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION trio2o_note_changes();
CREATE TRIGGER shared_resources_updated AFTER UPDATE ON shared_resources
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION trio2o_note_changes();
CREATE TRIGGER shared_resources_deleted AFTER DELETE ON shared_resources
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION trio2o_note_changes();
