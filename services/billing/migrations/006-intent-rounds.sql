-- A request that is sent round again is announced again: it is open at what its highest round reserved, as metering counts it.
ALTER TABLE billing.open_intent ADD COLUMN round integer NOT NULL DEFAULT 1;
UPDATE billing.open_intent SET round = substring(event_id FROM ':intent-([0-9]{1,9})$')::integer WHERE event_id ~ ':intent-[0-9]{1,9}$';
