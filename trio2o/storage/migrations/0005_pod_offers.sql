-- What can be asked for in each pod: its flavors and volume types. One row for each pod.

CREATE TABLE pod_offers (
    -- No foreign key: rows of pods that are gone are not read, and go with the next that is written.
    pod_id text COLLATE "C" PRIMARY KEY,
    -- When the questions to the pod began.
    collected_at timestamptz NOT NULL,
    -- Of the document: readers that have it already are not given it again.
    digest text COLLATE "C" NOT NULL,
    -- Lists by kind; null, or nothing, is unknown.
    document jsonb NOT NULL CHECK (jsonb_typeof(document) = 'object')
);
