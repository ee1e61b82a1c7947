import type { calls } from '@sluice/contracts';
import type { Database, SqlValue } from '@sluice/database';
import type { z } from 'zod';

export type RequestQuery = z.output<typeof calls.listRequests.request>;
export type RequestPage = z.input<typeof calls.listRequests.response>;

interface LoggedRow {
  request_id: string;
  outcome: string;
  ended_at: Date;
  organization: string;
  team: string;
  key_id: string;
  user_name: string | null;
  tags: Record<string, string>;
  dialect: string;
  model_asked: string;
  provider: string | null;
  model_used: string | null;
  status: number;
  error_code: string | null;
  attempts: number;
  input_tokens: string;
  output_tokens: string;
  cached_tokens: string;
  cache_write_tokens: string;
  reasoning_tokens: string;
  tokens_estimated: boolean;
  cost_nano_usd: string | null;
  cache: string | null;
  latency_ms: number | null;
  time_to_first_token_ms: number | null;
}

const filters = [
  ['organization', 'organization'],
  ['team', 'team'],
  ['keyId', 'key_id'],
  ['requestId', 'request_id'],
  ['outcome', 'outcome'],
] as const;

/** Of a page, as JSON: an answer with more is larger than NATS takes (1 MB). */
const maxPageBytes = 800_000;

/**
 * A page of the ledger, newest first, older than `before`. Rows that ended in the same millisecond as the page's last
 * one come with it, so a page may be a little longer than asked for and none is skipped by the next. It is shorter where rows are long:
 * a page is the last one only where it is empty.
 */
export async function listRequests(database: Database, query: RequestQuery): Promise<RequestPage> {
  const values: SqlValue[] = [];
  const conditions: string[] = [];
  for (const [name, column] of filters) {
    const value = query[name];
    if (value !== undefined) conditions.push(`${column} = $${values.push(value)}`);
  }
  if (query.before !== undefined) conditions.push(`ended_at < $${values.push(new Date(query.before))}`);
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const rows = await database.query<LoggedRow>(
    `SELECT request_id, outcome, ended_at, organization, team, key_id, user_name, tags, dialect, model_asked, provider, model_used, status,
       error_code, json_array_length(attempts) AS attempts, input_tokens, output_tokens, cached_tokens, cache_write_tokens, reasoning_tokens,
       tokens_estimated, cost_nano_usd, cache, latency_ms, time_to_first_token_ms
     FROM billing.ledger ${where}
     ORDER BY ended_at DESC FETCH FIRST $${values.push(query.limit)} ROWS WITH TIES`,
    values,
  );
  return { requests: withinMessage(rows.map(loggedRequest)) };
}

/** As many milliseconds, each whole, as an answer has room for; the first one in any case. */
function withinMessage(requests: RequestPage['requests']): RequestPage['requests'] {
  let bytes = 0;
  let whole = 0;
  for (const [index, request] of requests.entries()) {
    if (request.endedAt !== requests[index - 1]?.endedAt) whole = index;
    bytes += Buffer.byteLength(JSON.stringify(request));
    if (bytes > maxPageBytes && whole > 0) return requests.slice(0, whole);
  }
  return requests;
}

function loggedRequest(row: LoggedRow): RequestPage['requests'][number] {
  return {
    requestId: row.request_id,
    outcome: row.outcome,
    endedAt: row.ended_at.getTime(),
    organization: row.organization,
    team: row.team,
    keyId: row.key_id,
    user: row.user_name,
    tags: row.tags,
    dialect: row.dialect,
    modelAsked: row.model_asked,
    provider: row.provider,
    modelUsed: row.model_used,
    status: row.status,
    errorCode: row.error_code,
    attempts: row.attempts,
    usage: {
      input: Number(row.input_tokens),
      output: Number(row.output_tokens),
      cached: Number(row.cached_tokens),
      cacheWrite: Number(row.cache_write_tokens),
      reasoning: Number(row.reasoning_tokens),
      estimated: row.tokens_estimated,
    },
    costNanoUsd: row.cost_nano_usd,
    cache: row.cache,
    latencyMs: row.latency_ms,
    timeToFirstTokenMs: row.time_to_first_token_ms,
  };
}
