CREATE SCHEMA metering;

-- A meter is one limit of one owner (`key:key_web|nanoUsd|month@UTC`), a period the epoch ms at which its calendar window
-- began; 0 for limits that slide. Amounts are whole: requests, tokens, nano-USD.
CREATE TABLE metering.counter (
  meter text NOT NULL,
  period bigint NOT NULL,
  -- What the newest configuration allows, and what the period before left over.
  ceiling bigint NOT NULL,
  carried bigint NOT NULL DEFAULT 0,
  -- Given to holders, what they have used included: never above ceiling + carried but by what answers cost beyond their estimate.
  leased bigint NOT NULL DEFAULT 0,
  -- Settled so far, as holders have told.
  used bigint NOT NULL DEFAULT 0,
  -- Highest threshold announced, percent.
  alerted smallint NOT NULL DEFAULT 0,
  -- When somebody last got less than needed: others then give back what they can spare.
  starved_at timestamptz,
  ends_at timestamptz,
  PRIMARY KEY (meter, period)
);
CREATE INDEX counter_ends_at ON metering.counter (ends_at);

-- A life of a replica. One that does not renew is dead, and is never renewed again once `lost`.
CREATE TABLE metering.holder (
  holder text PRIMARY KEY,
  expires_at timestamptz NOT NULL,
  -- How many requests it had admitted at its last renewal, and which were not settled: what it did later is read from the events.
  admitted bigint NOT NULL,
  open_requests text[] NOT NULL,
  oldest_open timestamptz NOT NULL,
  lost boolean NOT NULL DEFAULT false,
  reconcile_at timestamptz NOT NULL DEFAULT '-infinity'
);
CREATE INDEX holder_expires_at ON metering.holder (expires_at);

CREATE TABLE metering.lease (
  holder text NOT NULL REFERENCES metering.holder ON DELETE CASCADE,
  meter text NOT NULL,
  period bigint NOT NULL,
  granted bigint NOT NULL,
  used bigint NOT NULL,
  PRIMARY KEY (holder, meter, period)
);

-- Renews a holder and does what it asks of each meter: takes back `give`, books `used`, grants what is free. One call for all
-- meters, in their order, so replicas wait for each other and never dead-lock. No row at all where the holder was given up as lost.
CREATE FUNCTION metering.lease_quotas(
  asker text, ttl_ms integer, begins boolean, admitted_count bigint, open_ids text[], oldest timestamptz, asks jsonb
) RETURNS TABLE (
  meter text, period bigint, granted bigint, leased bigint, total_used bigint, carried bigint, crossed smallint, starved boolean
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  ask record;
  known metering.counter;
  mine metering.lease;
  debt bigint;
  room bigint;
  grant_now bigint;
  reached smallint;
  at timestamptz := clock_timestamp();
BEGIN
  IF begins THEN
    INSERT INTO metering.holder (holder, expires_at, admitted, open_requests, oldest_open)
    VALUES (asker, at + ttl_ms * interval '1 ms', admitted_count, open_ids, oldest)
    ON CONFLICT (holder) DO UPDATE SET expires_at = excluded.expires_at
    WHERE NOT metering.holder.lost;
  ELSE
    UPDATE metering.holder
    SET expires_at = at + ttl_ms * interval '1 ms', admitted = admitted_count, open_requests = open_ids, oldest_open = oldest
    WHERE holder = asker AND NOT lost;
  END IF;
  IF NOT FOUND THEN RETURN; END IF;
  -- A row of no meter says that the holder is alive, whatever it asked.
  meter := '';
  RETURN NEXT;
  FOR ask IN
    SELECT * FROM jsonb_to_recordset(asks) AS asked (
      meter text, period bigint, ceiling bigint, soft boolean, need bigint, want bigint, give bigint, used bigint, close boolean,
      ends bigint, previous bigint, carry bigint, alerts smallint[]
    ) ORDER BY meter, period
  LOOP
    SELECT * INTO known FROM metering.counter AS c WHERE c.meter = ask.meter AND c.period = ask.period FOR UPDATE;
    IF NOT FOUND THEN
      INSERT INTO metering.counter (meter, period, ceiling, carried, ends_at)
      VALUES (
        ask.meter, ask.period, ask.ceiling,
        coalesce((
          SELECT greatest(0, least(ask.carry, before.ceiling + before.carried - before.used))
          FROM metering.counter AS before WHERE before.meter = ask.meter AND before.period = ask.previous
        ), 0),
        CASE WHEN ask.ends > 0 THEN to_timestamp(ask.ends / 1000.0) END
      ) ON CONFLICT DO NOTHING;
      SELECT * INTO known FROM metering.counter AS c WHERE c.meter = ask.meter AND c.period = ask.period FOR UPDATE;
    END IF;
    SELECT * INTO mine FROM metering.lease AS l WHERE l.holder = asker AND l.meter = ask.meter AND l.period = ask.period;
    IF NOT FOUND THEN
      mine := ROW(asker, ask.meter, ask.period, 0, 0);
    END IF;
    -- What an answer used beyond its estimate is booked whatever the limit says.
    debt := greatest(0, ask.used - (mine.granted - ask.give));
    room := ask.ceiling + known.carried - (known.leased - ask.give + debt);
    IF ask.soft THEN
      grant_now := greatest(ask.need, ask.want);
    ELSE
      -- A quarter of what is free at most, so blocks shrink towards the limit, down to what is needed now.
      grant_now := greatest(0, least(room, greatest(ask.need, least(ask.want, room / 4))));
    END IF;
    SELECT coalesce(max(threshold), 0) INTO reached FROM unnest(ask.alerts) AS threshold
    WHERE (known.used + ask.used - mine.used)::numeric * 100 >= (ask.ceiling + known.carried)::numeric * threshold;
    mine.granted := mine.granted - ask.give + debt + grant_now;
    UPDATE metering.counter AS c SET
      ceiling = ask.ceiling,
      leased = known.leased - ask.give + debt + grant_now,
      used = known.used + ask.used - mine.used,
      alerted = greatest(known.alerted, reached),
      starved_at = CASE WHEN grant_now < ask.need THEN at ELSE known.starved_at END
    WHERE c.meter = ask.meter AND c.period = ask.period;
    IF ask.close THEN
      DELETE FROM metering.lease AS l WHERE l.holder = asker AND l.meter = ask.meter AND l.period = ask.period;
    ELSE
      INSERT INTO metering.lease (holder, meter, period, granted, used) VALUES (asker, ask.meter, ask.period, mine.granted, ask.used)
      ON CONFLICT (holder, meter, period) DO UPDATE SET granted = excluded.granted, used = excluded.used;
    END IF;
    meter := ask.meter;
    period := ask.period;
    granted := mine.granted;
    leased := known.leased - ask.give + debt + grant_now;
    total_used := known.used + ask.used - mine.used;
    carried := known.carried;
    crossed := CASE WHEN reached > known.alerted THEN reached ELSE 0 END;
    starved := grant_now >= ask.need AND known.starved_at > at - interval '2 s';
    RETURN NEXT;
  END LOOP;
END
$$;

-- Gives back what a lost holder did not use. `kept` says of each of its meters what stays leased and what of it is used.
CREATE FUNCTION metering.reclaim_quotas(dead text, kept jsonb, done boolean) RETURNS bigint LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  part record;
  reclaimed bigint := 0;
BEGIN
  PERFORM FROM metering.holder AS h WHERE h.holder = dead AND h.lost FOR UPDATE;
  IF NOT FOUND THEN RETURN 0; END IF;
  FOR part IN
    SELECT lease.meter, lease.period, lease.granted, lease.used, keep.granted AS keep_granted, keep.used AS keep_used
    FROM metering.lease AS lease
    JOIN jsonb_to_recordset(kept) AS keep (meter text, period bigint, granted bigint, used bigint)
      ON keep.meter = lease.meter AND keep.period = lease.period
    WHERE lease.holder = dead
    ORDER BY lease.meter, lease.period
  LOOP
    UPDATE metering.counter AS c
    SET leased = c.leased - part.granted + part.keep_granted, used = c.used - part.used + part.keep_used
    WHERE c.meter = part.meter AND c.period = part.period;
    UPDATE metering.lease AS l SET granted = part.keep_granted, used = part.keep_used
    WHERE l.holder = dead AND l.meter = part.meter AND l.period = part.period;
    reclaimed := reclaimed + part.granted - part.keep_granted;
  END LOOP;
  IF done THEN
    DELETE FROM metering.holder AS h WHERE h.holder = dead;
  END IF;
  RETURN reclaimed;
END
$$;
