/**
 * A month of requests (two events each) on Debian's PostgreSQL, made by SQL as the recorder would have left them, then the roll-up, the
 * statements of the largest organisation by every group with the plan of one, and the same sums from the lines themselves, which must be
 * equal. Then what a full and a partial verification of the chain take (the blocks here have no hashes, so all of them are at fault).
 * Run: `node services/billing/bench/statement.ts [million events] [tags]`; with `tags`, each request has a tag of its own.
 */
import { migrate, openDatabase } from '@sluice/database';
import { startDebianPostgres } from '@sluice/testing';
import { sumBreaks, wholeTableBreaks } from '../src/audit/audit-sums.ts';
import { ensureLinePartitions } from '../src/ledger/line-partitions.ts';
import { chainShards } from '../src/ledger/ledger.ts';
import { rollUp } from '../src/statements/rollup.ts';
import { withPlanSettings } from '../src/ledger/plan-settings.ts';
import { statementSql } from '../src/statements/statement-sql.ts';
import { readStatement, type StatementQuery } from '../src/statements/statement.ts';
import { verifyChain } from '../src/audit/verify-chain.ts';
import { processorTimeUs } from './processor-time.ts';

const millionEvents = Number(process.argv[2] ?? 10);
const requests = (millionEvents * 1_000_000) / 2;
const tagsOfRequest = process.argv[3] === 'tags' ? ", 'ticket', i" : '';
const requestsInBlock = 1_000;
/** Blocks that the roll-up has not come to in the last round: 30 s at 3,000 events a second. */
const blocksBehind = 45;
const step = 250_000;
const month = new Date(Date.UTC(2026, 9, 1));

const server = await startDebianPostgres();
const database = openDatabase({ url: server.url, applicationName: 'statement-bench', statementTimeoutMs: 900_000 });
const seconds = async <Result>(what: string, work: () => Promise<Result>): Promise<Result> => {
  const startedAt = performance.now();
  const busyUs = await processorTimeUs(server.pid);
  const result = await work();
  const seconds = (performance.now() - startedAt) / 1_000;
  const busySeconds = ((await processorTimeUs(server.pid)) - busyUs) / 1e6;
  console.log(`${what}: ${seconds.toFixed(3)} s, PostgreSQL's processor time ${busySeconds.toFixed(2)} s`);
  return result;
};

/** Half of the requests are acme's: 1,000 users on 100 keys in 10 teams, three models each, all month; 19 others have 50 users each. */
const requestsSql = `
INSERT INTO billing.ledger (block, request_id, event_id, position, outcome, ended_at, organization, team, key_id, user_name, tags, dialect, stream,
  admitted, config_version, model_asked, provider, model_used, status, attempts, input_tokens, output_tokens, cached_tokens, cache_write_tokens,
  reasoning_tokens, tokens_estimated, cost_nano_usd, price_version, cache, guards, latency_ms)
SELECT 1 + i / ${requestsInBlock}, 'req_' || lpad(i::text, 12, '0'), 'req_' || lpad(i::text, 12, '0') || ':settled', i, 'completed',
  $1::timestamptz + make_interval(secs => i::double precision * 30 * 86400 / ${requests * 1.2}), CASE i % 2 WHEN 0 THEN 'acme' ELSE 'org_' || i % 19 END,
  'team_' || u % 10, 'key_' || u % 100, 'user_' || u, jsonb_build_object('project', 'p' || u % 10${tagsOfRequest}), 'openai-chat', true, true, 3, 'model',
  'openai', 'model_' || (u + i % 3) % 6, 200, '[]', 800 + u, 150, 256, 0, 0, false, 3 * (1000 + i % 977), 'list-1', 'miss', '[]', 900
FROM generate_series($2::bigint, $3::bigint - 1) AS i, LATERAL (SELECT (i * 7919 / 2) % CASE i % 2 WHEN 0 THEN 1000 ELSE 50 END AS u) AS drawn`;
const linesSql = `
INSERT INTO billing.ledger_line (entry_id, block, ended_at, attempt, kind, provider, model, tokens, amount_nano_usd, price_version)
SELECT request_id, block, ended_at, 1, kind, provider, model_used, tokens, cost_nano_usd / 3, price_version
FROM billing.ledger, LATERAL (VALUES ('input', input_tokens - 256), ('cached_input', 256), ('output', output_tokens)) AS part (kind, tokens)
WHERE position >= $1 AND position < $2 AND block >= 1 + $1 / ${requestsInBlock} AND block <= 1 + $2 / ${requestsInBlock}`;
const blocksSql = `
INSERT INTO billing.chain_block (block, shard, number, entries, lines, digest, previous, hash)
SELECT i, i % ${chainShards}, i / ${chainShards} + 1, ${requestsInBlock}, ${requestsInBlock * 3}, '', '', ''
FROM generate_series($1::bigint, $2::bigint) AS i`;
const headsSql = `
UPDATE billing.chain_head AS head SET number = made.number
FROM (SELECT shard, max(number) AS number FROM billing.chain_block GROUP BY shard) AS made WHERE made.shard = head.shard`;

try {
  await migrate(database, { service: 'billing', directory: new URL('../migrations/', import.meta.url) });
  await ensureLinePartitions(database, month.getTime());
  await seconds(`${requests} requests and ${requests * 3} lines made`, async () => {
    for (let at = 0; at < requests; at += step) {
      const to = Math.min(at + step, requests);
      await database.query(requestsSql, [month, at, to]);
      await database.query(linesSql, [at, to]);
    }
    await database.query(blocksSql, [1, requests / requestsInBlock]);
    await database.query(headsSql);
  });
  await database.query('ANALYZE');
  await seconds('rolled up', () => rollUp(database));
  await database.query('VACUUM ANALYZE billing.group_sum');
  const [size] = await database.query(
    `SELECT (SELECT count(*) FROM billing.rollup) AS daily_sums, count(*) AS group_sums, count(*) FILTER (WHERE organization = 'acme') AS acme FROM billing.group_sum`,
  );
  console.log(size);
  const query: StatementQuery = { organization: 'acme', from: '2026-10-01', to: '2026-11-01', by: 'team' };
  const groups = ['organization', 'team', 'key', 'user', 'model', 'day', 'month', 'tag:project', 'tag:ticket'] as const;
  const readAll = async (what: string) => {
    for (const by of groups) await seconds(`${what} by ${by}`, () => readStatement(database, { ...query, by }));
    await seconds(`${what} of a week by user`, () =>
      readStatement(database, { ...query, from: '2026-10-05', to: '2026-10-12', by: 'user' }),
    );
    await seconds(`${what} of one key by user`, () => readStatement(database, { ...query, keyId: 'key_7', by: 'user' }));
  };
  const statement = await seconds('statement, first', () => readStatement(database, query));
  await readAll('statement');
  const [exact] = await seconds('the same from the lines', () =>
    database.query<{ sum: string }>(
      `SELECT sum(line.amount_nano_usd) FROM billing.ledger_line AS line JOIN billing.ledger AS entry ON entry.request_id = line.entry_id WHERE entry.organization = 'acme'`,
    ),
  );
  console.log(
    'due by statement',
    statement.totals.dueNanoUsd,
    'by lines',
    exact?.sum,
    statement.totals.dueNanoUsd === exact?.sum ? 'equal' : 'NOT EQUAL',
  );
  const { text, values } = statementSql(query);
  for (const row of await withPlanSettings(database, (transaction) =>
    transaction.query<{ 'QUERY PLAN': string }>(`EXPLAIN (ANALYZE, COSTS OFF) ${text}`, values),
  ))
    console.log(row['QUERY PLAN']);
  await database.query(blocksSql, [requests / requestsInBlock + 1, (requests + blocksBehind * requestsInBlock) / requestsInBlock]);
  await database.query(headsSql);
  await database.query(requestsSql, [month, requests, requests + blocksBehind * requestsInBlock]);
  await database.query(linesSql, [requests, requests + blocksBehind * requestsInBlock]);
  await seconds('chain verified by one connection', () => verifyChain(database, chainShards));
  const verified = await seconds('chain verified by two', () => verifyChain(database, chainShards, { sideBySide: 2 }));
  console.log({ blocks: verified.blocks, entries: verified.entries, lines: verified.lines });
  const recent = verified.heads.map((head) => ({ ...head, number: head.number - Math.min(head.number, 3) }));
  const partial = await seconds('chain verified from where an audit ended', () => verifyChain(database, chainShards, { after: recent }));
  console.log({ blocks: partial.blocks, lines: partial.lines });
  await seconds('sums of statements compared', () => sumBreaks(database, verified.heads));
  await seconds('whole tables compared', () => wholeTableBreaks(database));
  await readAll(`roll-up ${blocksBehind * requestsInBlock * 3} lines behind: statement`);
} finally {
  await database.close();
  await server.stop();
}
