/**
 * A CTE of the statement that records a batch: adds what CTE `added` has of new ledger rows to the minutes of their keys. Rows that were
 * recorded before are not in `added`, so a repeated event counts once. Minutes are locked in order: replicas wait for each other instead of dead-locking.
 */
export const countedCte = `counted AS (
  INSERT INTO billing.key_minute AS known (minute, key_id, organization, team, requests, tokens, cost_nano_usd, errors, refusals)
  SELECT date_bin('1 minute', ended_at, timestamptz '2000-01-01 00:00:00+00') AS ended_minute, key_id, min(organization), min(team), count(*),
    sum(input_tokens + output_tokens), coalesce(sum(cost_nano_usd), 0),
    count(*) FILTER (WHERE outcome = 'failed'), count(*) FILTER (WHERE outcome = 'refused')
  FROM added GROUP BY ended_minute, key_id ORDER BY ended_minute, key_id
  ON CONFLICT (minute, key_id) DO UPDATE SET
    requests = known.requests + excluded.requests,
    tokens = known.tokens + excluded.tokens,
    cost_nano_usd = known.cost_nano_usd + excluded.cost_nano_usd,
    errors = known.errors + excluded.errors,
    refusals = known.refusals + excluded.refusals
)`;
