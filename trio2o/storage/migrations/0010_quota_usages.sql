-- What projects have over all pods, counted before it is made.

-- Counts are objects of resource to number; what is nothing is not in them.
CREATE FUNCTION quota_plus(one jsonb, other jsonb, sign integer DEFAULT 1) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(key, total), '{}'::jsonb) FROM (
        SELECT key, sum(amount) AS total FROM (
            SELECT key, value::bigint AS amount FROM jsonb_each_text(one)
            UNION ALL
            SELECT key, sign * value::bigint FROM jsonb_each_text(other)
        ) AS each GROUP BY key
    ) AS sums WHERE total <> 0
$$;

-- What asks for nothing more of a resource is within any limit; below 0 there is none.
CREATE FUNCTION quota_fits(used jsonb, reserved jsonb, wanted jsonb, limits jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT NOT EXISTS (
        SELECT FROM jsonb_each_text(wanted) AS each (name, amount)
        WHERE amount::bigint > 0 AND (limits ->> name)::bigint >= 0
        AND coalesce((used ->> name)::bigint, 0) + coalesce((reserved ->> name)::bigint, 0) + amount::bigint
            > (limits ->> name)::bigint
    )
$$;

-- One row, and so one lock, for each project in each service: all its resources are taken together or not at all.
CREATE TABLE quota_usages (
    service text NOT NULL COLLATE "C",
    project_id text NOT NULL COLLATE "C",
    -- The sum of what stands in pods.
    used jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(used) = 'object'),
    -- The sum of the open reservations.
    reserved jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(reserved) = 'object'),
    -- Pod id to counts. A pod that goes is left out by the next reading.
    pods jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(pods) = 'object'),
    -- Pod id to when the reading ended that counts, seconds since the epoch.
    read jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(read) = 'object'),
    -- Grows with each change.
    changes bigint NOT NULL DEFAULT 0,
    -- When something was made or given back last.
    changed_at timestamptz NOT NULL DEFAULT 'epoch',
    -- When pods are to be read next.
    look_at timestamptz NOT NULL,
    PRIMARY KEY (service, project_id)
) WITH (fillfactor = 50);

CREATE INDEX quota_usages_due ON quota_usages (look_at);

CREATE TABLE quota_reservations (
    id text COLLATE "C" PRIMARY KEY,
    service text NOT NULL COLLATE "C",
    project_id text NOT NULL COLLATE "C",
    kind text NOT NULL COLLATE "C",
    amounts jsonb NOT NULL CHECK (jsonb_typeof(amounts) = 'object'),
    -- Empty until it is known which pod may have it, which nobody waits for before sending.
    pod_id text NOT NULL DEFAULT '' COLLATE "C",
    created_at timestamptz NOT NULL,
    -- From then on a reading tells what became of it.
    settles_at timestamptz NOT NULL
);

CREATE INDEX quota_reservations_project ON quota_reservations (service, project_id);

-- What each resource takes that was counted when it was made.
CREATE TABLE quota_holdings (
    kind text NOT NULL COLLATE "C",
    resource_id text NOT NULL COLLATE "C",
    service text NOT NULL COLLATE "C",
    project_id text NOT NULL COLLATE "C",
    pod_id text NOT NULL COLLATE "C",
    amounts jsonb NOT NULL CHECK (jsonb_typeof(amounts) = 'object'),
    -- False where only what was added to the resource is known.
    whole boolean NOT NULL,
    -- What was added last, and when.
    added jsonb NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (kind, resource_id)
);

CREATE INDEX quota_holdings_recent ON quota_holdings (service, project_id, added_at);
