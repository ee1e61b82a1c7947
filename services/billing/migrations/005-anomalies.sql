-- What each key did in each minute, by the time of the events: added up in the statement that records them, so each counts once.
-- Kept for two days; rows change while their minute lasts, hence the free space in pages.
CREATE TABLE billing.key_minute (
  minute timestamptz NOT NULL,
  key_id text NOT NULL,
  organization text NOT NULL,
  team text NOT NULL,
  requests bigint NOT NULL,
  tokens bigint NOT NULL,
  cost_nano_usd numeric NOT NULL,
  -- Admitted requests that failed, and requests turned away.
  errors bigint NOT NULL,
  refusals bigint NOT NULL,
  PRIMARY KEY (minute, key_id)
) WITH (fillfactor = 70);

-- What was learned of an hour of a key; an hour without a row was idle. From these the watch rebuilds what is usual.
CREATE TABLE billing.key_hour (
  key_id text NOT NULL,
  hour timestamptz NOT NULL,
  requests real NOT NULL,
  tokens real NOT NULL,
  cost_nano_usd real NOT NULL,
  errors real NOT NULL,
  refusals real NOT NULL,
  -- See HourFacts in src/anomalies/key-watch.ts.
  peaks real[] NOT NULL,
  usage_kind text NOT NULL,
  errors_kind text NOT NULL,
  refusals_kind text NOT NULL,
  PRIMARY KEY (key_id, hour)
);
CREATE INDEX key_hour_hour ON billing.key_hour (hour);

-- Breaks of what is usual: one row each, told at its beginning and at its end.
CREATE TABLE billing.anomaly (
  anomaly_id text PRIMARY KEY,
  key_id text NOT NULL,
  organization text NOT NULL,
  team text NOT NULL,
  family text NOT NULL,
  metric text NOT NULL,
  window_minutes integer NOT NULL,
  observed double precision NOT NULL,
  expected double precision NOT NULL,
  -- Last minute of the window that broke its bound.
  begun_at timestamptz NOT NULL,
  ended_at timestamptz,
  -- 0: nothing was published of it yet; 1: its beginning; 2: its end.
  told smallint NOT NULL DEFAULT 0,
  throttled_until timestamptz,
  recorded_at timestamptz NOT NULL DEFAULT now()
);
-- Never two at once of a family, even while two processes both think that they watch.
CREATE UNIQUE INDEX anomaly_open ON billing.anomaly (key_id, family) WHERE ended_at IS NULL;
CREATE INDEX anomaly_untold ON billing.anomaly (begun_at) WHERE told < 2;

-- Which process watches, until when, and up to which minute everything is in the tables above.
CREATE TABLE billing.anomaly_watch (
  watch smallint PRIMARY KEY DEFAULT 1 CHECK (watch = 1),
  holder text NOT NULL,
  held_until timestamptz NOT NULL,
  minute timestamptz
);
