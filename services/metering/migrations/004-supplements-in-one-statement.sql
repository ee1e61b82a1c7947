-- Counts a call that the end of its request did not know of, in each calendar window that it lies in; false where it was counted before.
-- The claim and the counting are one statement, so that neither the death of who asks nor a lost answer leaves one without the other.
CREATE FUNCTION metering.book_supplement(event text, amounts jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  part record;
BEGIN
  INSERT INTO metering.supplement (event_id) VALUES (event) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  -- In the order of renewals, so that neither waits for the other for ever.
  FOR part IN
    SELECT * FROM jsonb_to_recordset(amounts) AS asked (
      meter text, period bigint, amount bigint, ceiling bigint, ends bigint, previous bigint, carry bigint
    ) ORDER BY meter, period
  LOOP
    INSERT INTO metering.counter AS c (meter, period, ceiling, carried, ends_at, leased, used)
    VALUES (
      part.meter, part.period, part.ceiling,
      CASE WHEN part.carry > 0 THEN metering.carried_over(part.meter, part.period, part.previous, part.carry) ELSE 0 END,
      to_timestamp(part.ends / 1000.0), part.amount, part.amount
    )
    ON CONFLICT (meter, period) DO UPDATE SET leased = c.leased + excluded.leased, used = c.used + excluded.used;
  END LOOP;
  RETURN true;
END
$$;
