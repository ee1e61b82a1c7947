-- A call that was charged by itself, for neither intent nor row of its request was there: taken back where a row that tells of it comes yet.
ALTER TABLE billing.late_settlement ADD COLUMN orphan boolean NOT NULL DEFAULT false;
UPDATE billing.late_settlement AS late SET orphan = true
WHERE late.booked AND late.event_id LIKE '%:call-%' AND NOT EXISTS (SELECT FROM billing.ledger AS row WHERE row.request_id = late.request_id);
CREATE INDEX late_settlement_orphan ON billing.late_settlement (request_id) WHERE orphan;
