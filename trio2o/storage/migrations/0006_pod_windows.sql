-- Why a pod has its state, and when the state counts: outside of its window the pod is enabled.

ALTER TABLE pods
    ADD COLUMN state_reason text NOT NULL DEFAULT '',
    ADD COLUMN state_from timestamptz,
    ADD COLUMN state_until timestamptz,
    -- Null until the state became another one.
    ADD COLUMN state_changed_at timestamptz,
    ADD CONSTRAINT pods_state_window CHECK (state_from < state_until);
