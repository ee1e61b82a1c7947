-- Sums by month, as `rollup` has them by day: statements of whole months read thirty times fewer rows.
CREATE TABLE billing.monthly_rollup (LIKE billing.rollup INCLUDING ALL);

-- How far the auditor has verified the chain, and what it found amiss in the stream; looked at again in every report.
CREATE TABLE billing.audit_position (
  shard smallint PRIMARY KEY,
  number bigint NOT NULL,
  hash bytea NOT NULL
);
CREATE TABLE billing.audit_finding (
  event_id text PRIMARY KEY,
  request_id text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('intent', 'end')),
  event_time timestamptz NOT NULL,
  cost_nano_usd numeric
);
