-- The limits that projects, users in projects, classes and pods' own default classes were given. Processes keep all of them in
-- memory, fed by the change log.

CREATE TABLE quota_limits (
    service text NOT NULL COLLATE "C" CHECK (service <> ''),
    scope text NOT NULL COLLATE "C" CHECK (scope IN ('project', 'user', 'class', 'pod')),
    -- Of the project (also where the limit is a user's), the class or the pod. No foreign key: projects are Keystone's.
    scope_id text NOT NULL COLLATE "C",
    user_id text NOT NULL DEFAULT '' COLLATE "C",
    -- What the change log calls all limits of one owner.
    id text NOT NULL COLLATE "C"
        GENERATED ALWAYS AS (service || E'\n' || scope || E'\n' || scope_id || E'\n' || user_id) STORED,
    resource text NOT NULL COLLATE "C",
    -- -1 for none.
    hard_limit integer NOT NULL CHECK (hard_limit >= -1),
    CONSTRAINT quota_limits_key PRIMARY KEY (id, resource),
    CONSTRAINT quota_limits_user CHECK ((scope = 'user') = (user_id <> '')),
    CONSTRAINT quota_limits_id CHECK (strpos(service || scope_id || user_id, E'\n') = 0)
);

-- A project's limits go with those of its users.
CREATE INDEX quota_limits_by_scope ON quota_limits (scope_id, service);

CREATE TRIGGER quota_limits_inserted AFTER INSERT ON quota_limits
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION trio2o_note_changes();
CREATE TRIGGER quota_limits_updated AFTER UPDATE ON quota_limits
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION trio2o_note_changes();
CREATE TRIGGER quota_limits_deleted AFTER DELETE ON quota_limits
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION trio2o_note_changes();
