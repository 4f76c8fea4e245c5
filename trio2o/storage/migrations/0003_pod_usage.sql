-- What each pod said last of how full it is. One row for each pod, written by one elected process.

CREATE TABLE pod_usage (
    -- No foreign key: rows of pods that are gone are not read, and go with the next that is written.
    pod_id text COLLATE "C" PRIMARY KEY,
    -- When the questions to the pod began.
    collected_at timestamptz NOT NULL,
    -- Numbers by resource; null, or nothing, is unknown and means plenty.
    document jsonb NOT NULL CHECK (jsonb_typeof(document) = 'object')
);
