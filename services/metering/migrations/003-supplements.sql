-- Calls that the end of their request did not know of, as metering has booked them: every replica hears of each, and one books it.
CREATE TABLE metering.supplement (
  event_id text PRIMARY KEY,
  booked_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX supplement_booked_at ON metering.supplement (booked_at);
