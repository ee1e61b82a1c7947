CREATE SCHEMA billing;

-- One row a request, whatever is delivered how often: request_id is the primary key and rows are never updated.
-- Not partitioned by month: Postgres keeps a unique key over partitions only where it holds the partition key, and a
-- settlement that comes after its request was swept has another ended_at, so (request_id, ended_at) would let it in twice.
CREATE TABLE billing.ledger (
  request_id text PRIMARY KEY,
  event_id text NOT NULL,
  -- Position in the stream USAGE; null for rows that the sweeper made.
  position bigint,
  outcome text NOT NULL CHECK (outcome IN ('completed', 'failed', 'cancelled', 'unresolved', 'refused')),
  ended_at timestamptz NOT NULL,
  organization text NOT NULL,
  team text NOT NULL,
  key_id text NOT NULL,
  user_name text,
  tags jsonb NOT NULL,
  dialect text NOT NULL,
  stream boolean NOT NULL,
  admitted boolean NOT NULL,
  config_version bigint NOT NULL,
  model_asked text NOT NULL,
  provider text,
  model_used text,
  status integer NOT NULL,
  error_code text,
  refused_by text,
  finish_reason text,
  -- contracts' providerAttemptSchema, each with its own usage, cost and price version: enough to rate a period again.
  -- As text: nothing searches inside it, and binary JSON costs more to write.
  attempts json NOT NULL,
  input_tokens bigint NOT NULL,
  output_tokens bigint NOT NULL,
  cached_tokens bigint NOT NULL,
  cache_write_tokens bigint NOT NULL,
  reasoning_tokens bigint NOT NULL,
  tokens_estimated boolean NOT NULL,
  -- Nano-USD; null: a model used has no price. Up to 9.2 thousand million USD a row; sums are numeric.
  cost_nano_usd bigint,
  price_version text,
  saved_nano_usd bigint,
  cache text,
  guards json NOT NULL,
  masked jsonb,
  latency_ms double precision,
  time_to_first_token_ms double precision
);

-- Request log, newest first; statements of one organisation and period; the log of one key.
CREATE INDEX ledger_ended_at ON billing.ledger (ended_at);
CREATE INDEX ledger_organization_ended_at ON billing.ledger (organization, ended_at);
CREATE INDEX ledger_key_ended_at ON billing.ledger (key_id, ended_at);

-- Admitted requests that are neither settled nor refused yet.
CREATE TABLE billing.open_intent (
  request_id text PRIMARY KEY,
  event_id text NOT NULL,
  position bigint NOT NULL,
  started_at timestamptz NOT NULL,
  deadline timestamptz NOT NULL,
  organization text NOT NULL,
  team text NOT NULL,
  key_id text NOT NULL,
  user_name text,
  tags jsonb NOT NULL,
  dialect text NOT NULL,
  stream boolean NOT NULL,
  config_version bigint NOT NULL,
  model_asked text NOT NULL,
  reserved_input_tokens bigint NOT NULL,
  reserved_output_tokens bigint NOT NULL,
  reserved_nano_usd bigint
);

CREATE INDEX open_intent_deadline ON billing.open_intent (deadline);

-- A second, different end of a request that has its ledger row: kept as evidence, never charged.
CREATE TABLE billing.late_settlement (
  event_id text PRIMARY KEY,
  request_id text NOT NULL,
  -- The ledger row that it would have been.
  ledger_row jsonb NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX late_settlement_request ON billing.late_settlement (request_id);

-- Which sequence numbers of each producer were recorded. A set, so order and repetition do not matter.
CREATE TABLE billing.producer (
  source text PRIMARY KEY,
  seen int8multirange NOT NULL,
  -- Missing numbers that were folded away to bound the number of ranges.
  folded_missing bigint NOT NULL DEFAULT 0
);

CREATE VIEW billing.producer_audit AS
SELECT
  source,
  lower(seen) AS first,
  upper(seen) - 1 AS last,
  (SELECT count(*) FROM unnest(missing)) AS gaps,
  folded_missing + (SELECT coalesce(sum(upper(gap) - lower(gap)), 0) FROM unnest(missing) AS gap) AS missing,
  missing AS missing_ranges
FROM (
  SELECT source, seen, folded_missing, int8multirange(int8range(1, upper(seen))) - seen AS missing FROM billing.producer
) AS audited;

-- Messages of the stream that are no usage event, by position; their payload is in the dead-letter stream.
CREATE TABLE billing.rejected_event (
  position bigint PRIMARY KEY,
  subject text NOT NULL,
  reason text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now()
);

-- How far each stream is recorded: moves in the same transaction as the rows.
CREATE TABLE billing.stream_position (
  stream text PRIMARY KEY,
  position bigint NOT NULL,
  -- Time of the newest event recorded: the clock by which open intents run out.
  event_time timestamptz
);
