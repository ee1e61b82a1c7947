-- Sums for statements by whatever they group by: a statement of one month reads the rows of its grouping and no others. Made of `rollup`,
-- whose rows grow with users, keys and tags together. A version before this one must not go on summing up beside it (its blocks would be
-- missing here), so the table that it needs is dropped: its roll-up fails, and this one does the work.
DROP TABLE billing.monthly_rollup;
CREATE TABLE billing.group_sum (
  organization text NOT NULL,
  -- organization, team, key, user, model, provider or tag:<name>.
  grouped_by text NOT NULL,
  monthly boolean NOT NULL,
  -- The day, or the first of the month.
  day date NOT NULL,
  -- MD5 of name and kinds: together they may be longer than an index entry.
  dimension uuid NOT NULL,
  name text NOT NULL,
  entry_kind text NOT NULL,
  kind text NOT NULL,
  lines bigint NOT NULL,
  tokens numeric NOT NULL,
  -- Tokens of what has no price.
  unpriced_tokens numeric NOT NULL,
  amount_nano_usd numeric NOT NULL,
  PRIMARY KEY (organization, grouped_by, monthly, day, dimension)
);
INSERT INTO billing.group_sum
SELECT organization, grouped_by, monthly, period, md5(ROW(name, entry_kind, kind)::text)::uuid, name, entry_kind, kind,
  sum(lines), sum(tokens), coalesce(sum(tokens) FILTER (WHERE NOT priced), 0), sum(amount_nano_usd)
FROM billing.rollup, LATERAL (
  VALUES ('organization', ''), ('team', team), ('key', key_id), ('user', user_name), ('model', model), ('provider', provider)
  UNION ALL SELECT 'tag:' || key, value FROM jsonb_each_text(tags)
) AS part (grouped_by, name), LATERAL (VALUES (false, day), (true, date_trunc('month', day)::date)) AS span (monthly, period)
GROUP BY 1, 2, 3, 4, 6, 7, 8;

-- An end that came after its request was swept is booked as the difference to what the sweep charged.
ALTER TABLE billing.adjustment DROP CONSTRAINT adjustment_reason_check,
  ADD CONSTRAINT adjustment_reason_check CHECK (reason IN ('rerating', 'credit', 'late'));
-- Null: not looked at yet. Evidence only, where the request's row is an end itself.
ALTER TABLE billing.late_settlement ADD COLUMN booked boolean;
CREATE INDEX late_settlement_waiting ON billing.late_settlement (event_id) WHERE booked IS NULL;

-- Re-ratings are jobs: how far each has come, and its sums so far, move with the entries of a page.
ALTER TABLE billing.rerating
  ADD COLUMN state text NOT NULL DEFAULT 'done' CHECK (state IN ('running', 'done', 'failed')),
  ADD COLUMN applies boolean NOT NULL DEFAULT true,
  ADD COLUMN after_time timestamptz,
  ADD COLUMN after_request text,
  ADD COLUMN failures integer NOT NULL DEFAULT 0,
  ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX rerating_running ON billing.rerating (recorded_at) WHERE state = 'running';

-- Headers for receivers with an API key of their own; sealed (AES-256-GCM), as `secret` is from now on.
ALTER TABLE billing.webhook ADD COLUMN headers text;
-- When it was delivered, or given up: kept so long after.
ALTER TABLE billing.webhook_delivery ADD COLUMN ended_at timestamptz;
UPDATE billing.webhook_delivery SET ended_at = now() WHERE state <> 'waiting';
CREATE INDEX webhook_delivery_ended ON billing.webhook_delivery (ended_at) WHERE state <> 'waiting';
-- Each receiver is sent to by itself, so that a slow one holds up no other.
DROP INDEX billing.webhook_delivery_next;
CREATE INDEX webhook_delivery_due ON billing.webhook_delivery (webhook_id, next_at) WHERE state = 'waiting';

-- What the verified blocks hold, so that a partial audit reads new ones only. Positions of before have no totals: once from the beginning.
DELETE FROM billing.audit_position;
ALTER TABLE billing.audit_position ADD COLUMN totals json NOT NULL;
ALTER TABLE billing.audit_finding DROP CONSTRAINT audit_finding_kind_check,
  ADD CONSTRAINT audit_finding_kind_check CHECK (kind IN ('intent', 'end', 'row', 'lease'));
-- What the auditor counted in the stream; a batch that comes again is below `position` and counts nothing.
CREATE TABLE billing.audit_count (
  stream text PRIMARY KEY,
  position bigint NOT NULL DEFAULT 0,
  events bigint NOT NULL DEFAULT 0,
  intents bigint NOT NULL DEFAULT 0,
  settled bigint NOT NULL DEFAULT 0,
  refused bigint NOT NULL DEFAULT 0,
  malformed bigint NOT NULL DEFAULT 0,
  -- Events of whole stretches of the stream, for which rows of the ledger were compared too.
  compared_back bigint NOT NULL DEFAULT 0
);
