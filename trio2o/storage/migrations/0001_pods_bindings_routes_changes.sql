-- Pods, bindings, routes, and the change log that keeps processes' memory equal to the first two.
-- Identifiers are compared byte by byte (COLLATE "C"): quicker, and the same order on every server.

CREATE TABLE meta (
    key text PRIMARY KEY,
    value text NOT NULL
);

-- Tells this database's history from that of one made anew.
INSERT INTO meta (key, value) VALUES ('history', gen_random_uuid()::text);

-- One row. Whoever writes pods or bindings locks it first and holds it to commit: numbers are in commit order and
-- have no gaps, and a reader's snapshot of it is exact.
CREATE TABLE change_counter (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    last bigint NOT NULL DEFAULT 0,
    -- Entries up to this number are no longer in the log.
    pruned bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10);

INSERT INTO change_counter DEFAULT VALUES;

CREATE TABLE changes (
    number bigint PRIMARY KEY,
    relation text NOT NULL,
    row_id text NOT NULL COLLATE "C",
    made_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE pods (
    id text COLLATE "C" PRIMARY KEY,
    serial bigint GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL COLLATE "C" CHECK (name <> ''),
    -- Empty for the top region.
    az_name text NOT NULL COLLATE "C",
    pod_az_name text NOT NULL DEFAULT '',
    dc_name text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'enabled' CHECK (state IN ('enabled', 'draining', 'maintenance', 'disabled')),
    weight double precision NOT NULL DEFAULT 1,
    -- A sorted array of tags.
    affinity jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(affinity) = 'array'),
    settings jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
    declared boolean NOT NULL DEFAULT false,
    -- The state that the pod list gave last; an operator's change outlives the next reading of the same list.
    declared_state text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz,
    CONSTRAINT pods_name_key UNIQUE (name),
    CONSTRAINT pods_serial_key UNIQUE (serial)
);

CREATE UNIQUE INDEX pods_one_top_region ON pods ((az_name = '')) WHERE az_name = '';

CREATE TABLE bindings (
    id text COLLATE "C" PRIMARY KEY,
    -- Orders history; given under the lock, so in commit order.
    serial bigint GENERATED ALWAYS AS IDENTITY,
    tenant_id text NOT NULL COLLATE "C",
    -- No foreign key: history outlives the pod. Pods are removed under the lock that bindings are made under.
    pod_id text NOT NULL COLLATE "C",
    az_name text NOT NULL COLLATE "C",
    pod_group text NOT NULL DEFAULT '' COLLATE "C",
    is_binding boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz,
    ended_at timestamptz,
    reason text NOT NULL DEFAULT '',
    CONSTRAINT bindings_ended CHECK (is_binding = (ended_at IS NULL)),
    CONSTRAINT bindings_span CHECK (ended_at >= created_at),
    CONSTRAINT bindings_serial_key UNIQUE (serial)
);

CREATE UNIQUE INDEX bindings_one_active ON bindings (tenant_id, az_name, pod_group) WHERE is_binding;
CREATE INDEX bindings_active ON bindings (serial) WHERE is_binding;
CREATE INDEX bindings_active_by_pod ON bindings (pod_id) WHERE is_binding;
CREATE INDEX bindings_by_tenant ON bindings (tenant_id, serial);
CREATE INDEX bindings_by_pod ON bindings (pod_id, serial);
-- Who was bound at a moment.
CREATE INDEX bindings_by_time ON bindings USING gist (tstzrange(created_at, ended_at));

CREATE TABLE routes (
    kind text NOT NULL COLLATE "C",
    resource_id text NOT NULL COLLATE "C",
    pod_id text NOT NULL COLLATE "C",
    project_id text NOT NULL COLLATE "C",
    created_at timestamptz,
    details jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(details) = 'object'),
    -- Set on a tombstone.
    deleted_at timestamptz,
    -- The id comes first: it is also asked for without the kind.
    CONSTRAINT routes_key PRIMARY KEY (resource_id, kind)
);

CREATE INDEX routes_by_project
    ON routes (project_id, kind, pod_id, created_at DESC NULLS LAST, resource_id DESC) WHERE deleted_at IS NULL;
CREATE INDEX routes_by_pod
    ON routes (pod_id, kind, created_at DESC NULLS LAST, resource_id DESC) WHERE deleted_at IS NULL;
CREATE INDEX routes_tombstones ON routes (pod_id, deleted_at) WHERE deleted_at IS NOT NULL;

-- Routes change too often to be announced; pods and bindings are, once per statement.
CREATE FUNCTION trio2o_note_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    kept CONSTANT bigint := 100000;
    step CONSTANT bigint := 1000;
    grown bigint;
    newest bigint;
BEGIN
    SELECT count(*) INTO grown FROM touched;
    IF grown = 0 THEN
        RETURN NULL;
    END IF;
    UPDATE change_counter SET last = last + grown RETURNING last INTO newest;
    INSERT INTO changes (number, relation, row_id)
        SELECT newest - grown + row_number() OVER (), TG_TABLE_NAME, touched.id FROM touched;
    IF newest > kept AND newest / step > (newest - grown) / step THEN
        UPDATE change_counter SET pruned = newest - kept;
        DELETE FROM changes WHERE number <= newest - kept;
    END IF;
    PERFORM pg_notify('trio2o_changes', newest::text);
    RETURN NULL;
END
$$;

CREATE TRIGGER pods_inserted AFTER INSERT ON pods
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION trio2o_note_changes();
CREATE TRIGGER pods_updated AFTER UPDATE ON pods
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION trio2o_note_changes();
CREATE TRIGGER pods_deleted AFTER DELETE ON pods
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION trio2o_note_changes();

CREATE TRIGGER bindings_inserted AFTER INSERT ON bindings
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION trio2o_note_changes();
CREATE TRIGGER bindings_updated AFTER UPDATE ON bindings
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION trio2o_note_changes();
CREATE TRIGGER bindings_deleted AFTER DELETE ON bindings
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION trio2o_note_changes();
