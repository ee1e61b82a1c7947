-- Rated lines, the hash chain, adjustments. Everything is added; rows that were here before stay as they are, in block 0.

-- Blocks of the chain: what one batch added. Number 0 of each shard is its beginning.
CREATE SEQUENCE billing.block_id;

-- A writer takes the next number of its shard under this row's lock: as many batches at once as there are shards.
CREATE TABLE billing.chain_head (
  shard smallint PRIMARY KEY,
  number bigint NOT NULL DEFAULT 0,
  hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex')
);
INSERT INTO billing.chain_head (shard) SELECT generate_series(0, 15);

CREATE TABLE billing.chain_block (
  block bigint PRIMARY KEY,
  shard smallint NOT NULL,
  number bigint NOT NULL,
  -- Of billing.ledger or of billing.adjustment.
  entries integer NOT NULL,
  lines integer NOT NULL,
  -- SHA-256 over the entries and lines; see src/chain-sql.ts.
  digest bytea NOT NULL,
  previous bytea NOT NULL,
  hash bytea NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (shard, number)
);

-- Block 0: rows from before the chain. A constant default rewrites nothing.
ALTER TABLE billing.ledger ADD COLUMN block bigint NOT NULL DEFAULT 0;
CREATE INDEX ledger_block ON billing.ledger (block);

-- What a ledger row's amount is made of: a line for each attempt and kind. Uniqueness comes from the ledger's, whose statement adds
-- both, so unlike the ledger this can be partitioned by month.
CREATE TABLE billing.ledger_line (
  -- A request's id, or that of an adjustment.
  entry_id text NOT NULL,
  block bigint NOT NULL,
  -- Of the request: the period that the amount belongs to, for adjustments too.
  ended_at timestamptz NOT NULL,
  -- From 1, as in the row's `attempts`; 0: of no attempt.
  attempt smallint NOT NULL,
  -- input, cached_input, cache_write, output (without reasoning), reasoning; usage: not split because its price list is not known;
  -- reserved: of an unresolved request; unattributed: of no attempt; saved: what a cache hit spared, in no sum; credit.
  kind text NOT NULL,
  provider text NOT NULL,
  model text NOT NULL,
  tokens bigint NOT NULL,
  -- Null: the model has no price.
  amount_nano_usd numeric,
  price_version text
) PARTITION BY RANGE (ended_at);
CREATE TABLE billing.ledger_line_default PARTITION OF billing.ledger_line DEFAULT;
CREATE INDEX ledger_line_block ON billing.ledger_line (block);
CREATE INDEX ledger_line_ended_at ON billing.ledger_line USING brin (ended_at);

INSERT INTO billing.ledger_line (entry_id, block, ended_at, attempt, kind, provider, model, tokens, amount_nano_usd, price_version)
SELECT request_id, 0, ended_at, 0, CASE outcome WHEN 'unresolved' THEN 'reserved' ELSE 'usage' END,
  coalesce(provider, ''), coalesce(model_used, model_asked), input_tokens + output_tokens, cost_nano_usd, price_version
FROM billing.ledger WHERE outcome <> 'refused';
INSERT INTO billing.ledger_line (entry_id, block, ended_at, attempt, kind, provider, model, tokens, amount_nano_usd, price_version)
SELECT request_id, 0, ended_at, 0, 'saved', coalesce(provider, ''), coalesce(model_used, model_asked), 0, saved_nano_usd, price_version
FROM billing.ledger WHERE saved_nano_usd <> 0;

-- Ledger entries that correct or credit; never updated either.
CREATE TABLE billing.adjustment (
  adjustment_id text PRIMARY KEY,
  block bigint NOT NULL,
  reason text NOT NULL CHECK (reason IN ('rerating', 'credit')),
  -- Id of the re-rating or of the credit note.
  reference text NOT NULL,
  request_id text,
  ended_at timestamptz NOT NULL,
  organization text NOT NULL,
  team text NOT NULL,
  key_id text NOT NULL,
  user_name text,
  tags jsonb NOT NULL,
  amount_nano_usd numeric NOT NULL,
  note text,
  author text NOT NULL,
  booked_at timestamptz NOT NULL
);
CREATE INDEX adjustment_request ON billing.adjustment (request_id);
CREATE INDEX adjustment_block ON billing.adjustment (block);
CREATE INDEX adjustment_reference ON billing.adjustment (reference);

CREATE TABLE billing.rerating (
  rerating_id text PRIMARY KEY,
  price_version text NOT NULL,
  from_time timestamptz NOT NULL,
  to_time timestamptz NOT NULL,
  organization text,
  author text NOT NULL,
  report json NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now()
);

-- Prices by list, provider and model, each from a time on until the next of the same list.
CREATE TABLE billing.price_list (
  version text PRIMARY KEY,
  origin text NOT NULL CHECK (origin IN ('catalog', 'operator')),
  author text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE billing.price (
  version text NOT NULL REFERENCES billing.price_list,
  provider text NOT NULL,
  model text NOT NULL,
  effective_from timestamptz NOT NULL,
  -- Nano-USD for a million tokens, as decimal strings, with tiers by length of the input.
  price json NOT NULL,
  PRIMARY KEY (version, provider, model, effective_from)
);

-- Sums of lines by day, so that statements read thousands of rows and not millions. Made from the lines of whole blocks, in order
-- of their numbers in each shard: what stands after `rollup_position` is read from the lines themselves.
CREATE TABLE billing.rollup (
  day date NOT NULL,
  organization text NOT NULL,
  -- MD5 of all that follows: together they may be longer than an index entry.
  dimension uuid NOT NULL,
  team text NOT NULL,
  key_id text NOT NULL,
  user_name text NOT NULL,
  tags jsonb NOT NULL,
  entry_kind text NOT NULL,
  provider text NOT NULL,
  model text NOT NULL,
  kind text NOT NULL,
  price_version text NOT NULL,
  priced boolean NOT NULL,
  lines bigint NOT NULL,
  tokens numeric NOT NULL,
  amount_nano_usd numeric NOT NULL,
  PRIMARY KEY (organization, day, dimension)
);
CREATE TABLE billing.rollup_position (
  shard smallint PRIMARY KEY,
  number bigint NOT NULL DEFAULT 0
);
INSERT INTO billing.rollup_position (shard, number) SELECT shard, CASE shard WHEN 0 THEN -1 ELSE 0 END FROM generate_series(0, 15) AS shard;
INSERT INTO billing.chain_block (block, shard, number, entries, lines, digest, previous, hash)
SELECT 0, 0, 0, (SELECT count(*) FROM billing.ledger), (SELECT count(*) FROM billing.ledger_line), zeros, zeros, zeros
FROM decode(repeat('00', 32), 'hex') AS zeros;

-- Receivers of events by HTTP, and what is to be delivered to them.
CREATE TABLE billing.webhook (
  webhook_id text PRIMARY KEY,
  url text NOT NULL,
  format text NOT NULL CHECK (format IN ('sluice', 'openmeter', 'lago')),
  organization text,
  secret text NOT NULL,
  active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now()
);
-- How far the chain's blocks were turned into deliveries for each receiver.
CREATE TABLE billing.webhook_position (
  webhook_id text NOT NULL REFERENCES billing.webhook ON DELETE CASCADE,
  shard smallint NOT NULL,
  number bigint NOT NULL,
  PRIMARY KEY (webhook_id, shard)
);
CREATE TABLE billing.webhook_delivery (
  delivery_id text PRIMARY KEY,
  webhook_id text NOT NULL REFERENCES billing.webhook ON DELETE CASCADE,
  body text NOT NULL,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'dead')),
  attempts integer NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT now(),
  last_error text,
  recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX webhook_delivery_next ON billing.webhook_delivery (next_at) WHERE state = 'waiting';
CREATE INDEX webhook_delivery_state ON billing.webhook_delivery (webhook_id, state, recorded_at);
