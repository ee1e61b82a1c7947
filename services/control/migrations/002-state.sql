-- One row: when what is in force last changed, be it a version or a key. Each change sets it first, so changes take turns over all replicas,
-- and what is published has an order that every replica knows.
CREATE TABLE control.state (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  changed_at timestamptz NOT NULL
);

INSERT INTO control.state (changed_at) VALUES (date_trunc('milliseconds', now()));
