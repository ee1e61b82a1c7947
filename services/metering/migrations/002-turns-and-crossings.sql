-- Near a limit one holder at a time has the turn: it alone gets what is left, and may begin one request on its estimate.
ALTER TABLE metering.counter ADD COLUMN turn text;

-- Thresholds that budgets reached, from the statement that found it until the event is stored: none is lost, some may be told twice.
CREATE TABLE metering.crossing (
  meter text NOT NULL,
  period bigint NOT NULL,
  percent smallint NOT NULL,
  -- The event's data.
  about jsonb NOT NULL,
  crossed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Nobody else publishes it until then.
  claimed_until timestamptz NOT NULL DEFAULT '-infinity',
  published_at timestamptz,
  PRIMARY KEY (meter, period, percent)
);
CREATE INDEX crossing_unpublished ON metering.crossing (crossed_at) WHERE published_at IS NULL;

-- What the windows before left over. One that nobody used has no row: all of it is left, once the meter was used at all.
CREATE FUNCTION metering.carried_over(of_meter text, this_period bigint, previous bigint, carry bigint) RETURNS bigint LANGUAGE sql AS $$
  SELECT coalesce((
    SELECT CASE WHEN period = previous THEN greatest(0, least(carry, ceiling + carried - used)) ELSE carry END
    FROM metering.counter WHERE meter = of_meter AND period < this_period ORDER BY period DESC LIMIT 1
  ), 0)
$$;

-- Which statement of a holder was done last. One that its sender has given up may be done later, after the next: it must change nothing.
ALTER TABLE metering.holder ADD COLUMN statement bigint NOT NULL DEFAULT 0;

-- As lease_quotas, which replicas of the version before go on to call, with turns, crossings and what empty windows leave over.
CREATE FUNCTION metering.renew_quotas(
  asker text, ttl_ms integer, begins boolean, admitted_count bigint, open_ids text[], oldest timestamptz, asks jsonb, number bigint
) RETURNS TABLE (
  meter text, period bigint, granted bigint, total_used bigint, carried bigint, starved boolean, turn boolean
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  ask record;
  known metering.counter;
  mine metering.lease;
  debt bigint;
  room bigint;
  grant_now bigint;
  turn_now text;
  unheard bigint;
  reached smallint;
  at timestamptz := clock_timestamp();
BEGIN
  IF begins THEN
    INSERT INTO metering.holder (holder, expires_at, admitted, open_requests, oldest_open, statement)
    VALUES (asker, at + ttl_ms * interval '1 ms', admitted_count, open_ids, oldest, number)
    ON CONFLICT (holder) DO UPDATE SET expires_at = excluded.expires_at, statement = excluded.statement
    WHERE NOT metering.holder.lost AND metering.holder.statement < excluded.statement;
  ELSE
    UPDATE metering.holder
    SET expires_at = at + ttl_ms * interval '1 ms', admitted = admitted_count, open_requests = open_ids, oldest_open = oldest, statement = number
    WHERE holder = asker AND NOT lost AND statement < number;
  END IF;
  IF NOT FOUND THEN RETURN; END IF;
  -- A row of no meter says that the holder is alive, whatever it asked.
  meter := '';
  RETURN NEXT;
  FOR ask IN
    SELECT * FROM jsonb_to_recordset(asks) AS asked (
      meter text, period bigint, ceiling bigint, soft boolean, need bigint, want bigint, give bigint, used bigint, close boolean, closed bigint,
      least bigint, turn boolean, ends bigint, previous bigint, carry bigint, alerts smallint[], about jsonb
    ) ORDER BY meter, period
  LOOP
    SELECT * INTO known FROM metering.counter AS c WHERE c.meter = ask.meter AND c.period = ask.period FOR UPDATE;
    IF NOT FOUND THEN
      INSERT INTO metering.counter (meter, period, ceiling, carried, ends_at)
      VALUES (
        ask.meter, ask.period, ask.ceiling,
        CASE WHEN ask.carry > 0 THEN metering.carried_over(ask.meter, ask.period, ask.previous, ask.carry) ELSE 0 END,
        CASE WHEN ask.ends > 0 THEN to_timestamp(ask.ends / 1000.0) END
      ) ON CONFLICT DO NOTHING;
      SELECT * INTO known FROM metering.counter AS c WHERE c.meter = ask.meter AND c.period = ask.period FOR UPDATE;
    END IF;
    SELECT * INTO mine FROM metering.lease AS l WHERE l.holder = asker AND l.meter = ask.meter AND l.period = ask.period;
    IF NOT FOUND THEN
      -- Closed by a statement whose answer did not arrive: what it told of as used then is booked.
      mine := ROW(asker, ask.meter, ask.period, ask.closed, ask.closed, NULL);
    END IF;
    -- What an answer used beyond its estimate is booked whatever the limit says.
    debt := greatest(0, ask.used - (mine.granted - ask.give));
    room := ask.ceiling + known.carried - (known.leased - ask.give + debt);
    -- Whose holder is gone has no turn; it is gone once its requests are settled.
    turn_now := CASE WHEN EXISTS (SELECT FROM metering.holder AS h WHERE h.holder = known.turn) THEN known.turn END;
    IF turn_now = asker AND NOT ask.turn THEN
      turn_now := NULL;
    END IF;
    IF ask.soft THEN
      grant_now := greatest(ask.need, ask.want);
    ELSIF ask.least > greatest(0, room) THEN
      -- Too little for any that wait there: who has the turn gets what there is, nobody else takes a part of it.
      turn_now := coalesce(turn_now, asker);
      grant_now := CASE WHEN turn_now = asker THEN greatest(0, room) ELSE 0 END;
    ELSE
      -- A quarter of what is free at most, so blocks shrink towards the limit, down to what is needed now.
      grant_now := greatest(0, least(room, greatest(ask.need, least(ask.want, room / 4))));
    END IF;
    SELECT coalesce(max(threshold), 0) INTO reached FROM unnest(ask.alerts) AS threshold
    WHERE (known.used + ask.used - mine.used)::numeric * 100 >= (ask.ceiling + known.carried)::numeric * threshold;
    IF reached > known.alerted THEN
      INSERT INTO metering.crossing (meter, period, percent, about)
      VALUES (ask.meter, ask.period, reached, ask.about || jsonb_build_object('allowed', ask.ceiling + known.carried))
      ON CONFLICT DO NOTHING;
    END IF;
    mine.granted := mine.granted - ask.give + debt + grant_now;
    -- Who closes keeps nothing, a grant of which it has not heard included.
    unheard := CASE WHEN ask.close THEN mine.granted - ask.used ELSE 0 END;
    UPDATE metering.counter AS c SET
      ceiling = ask.ceiling,
      leased = known.leased - ask.give + debt + grant_now - unheard,
      used = known.used + ask.used - mine.used,
      alerted = greatest(known.alerted, reached),
      turn = turn_now,
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
    total_used := known.used + ask.used - mine.used;
    carried := known.carried;
    starved := grant_now < ask.need OR known.starved_at > at - interval '2 s';
    turn := turn_now IS NOT DISTINCT FROM asker;
    RETURN NEXT;
  END LOOP;
END
$$;

-- What a lost holder had told as used: a lease is looked at again until nothing of it is open, and the same requests are counted each time.
ALTER TABLE metering.lease ADD COLUMN told bigint;

CREATE OR REPLACE FUNCTION metering.reclaim_quotas(dead text, kept jsonb, done boolean) RETURNS bigint LANGUAGE plpgsql AS $$
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
    UPDATE metering.lease AS l SET granted = part.keep_granted, used = part.keep_used, told = coalesce(l.told, l.used)
    WHERE l.holder = dead AND l.meter = part.meter AND l.period = part.period;
    reclaimed := reclaimed + part.granted - part.keep_granted;
  END LOOP;
  IF done THEN
    DELETE FROM metering.holder AS h WHERE h.holder = dead;
  END IF;
  RETURN reclaimed;
END
$$;
