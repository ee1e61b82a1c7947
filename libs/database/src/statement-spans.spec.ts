import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { startDebianPostgres, type DebianPostgres } from '@sluice/testing';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Database } from './database.ts';
import { openDatabase } from './open-database.ts';

const exporter = new InMemorySpanExporter();
let server: DebianPostgres;
let database: Database;
beforeAll(async () => {
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
  server = await startDebianPostgres();
  database = openDatabase({ url: server.url, applicationName: 'span-spec', maxConnections: 1 });
  await database.query('CREATE TABLE entry (name text PRIMARY KEY)');
});
afterAll(async () => {
  await database.close();
  await server.stop();
  trace.disable();
});
beforeEach(() => {
  exporter.reset();
});

const told = () => exporter.getFinishedSpans().map(({ name }) => name);

it('tells operation and target of a statement, and where it was sent', async () => {
  await database.query('SELECT name FROM public.entry WHERE name = $1', ['secret']);
  const [span] = exporter.getFinishedSpans();
  expect(span).toMatchObject({ name: 'SELECT public.entry', kind: SpanKind.CLIENT, status: { code: SpanStatusCode.UNSET } });
  expect(span?.attributes).toEqual({
    'db.system.name': 'postgresql',
    'db.namespace': 'postgres',
    'db.operation.name': 'SELECT',
    'db.query.summary': 'SELECT public.entry',
    'server.address': '127.0.0.1',
    'server.port': Number(new URL(server.url).port),
  });
});

it('tells every round trip of a transaction', async () => {
  await database.transaction((transaction) => transaction.query("INSERT INTO entry VALUES ('a')"));
  expect(told()).toEqual(['BEGIN', 'INSERT entry', 'COMMIT']);
});

it('tells a refused statement by its SQLSTATE, without values', async () => {
  await expect(database.query('INSERT INTO entry VALUES ($1), ($1)', ['secret'])).rejects.toThrow();
  const [span] = exporter.getFinishedSpans();
  expect(span?.status.code).toBe(SpanStatusCode.ERROR);
  expect(span?.attributes).toMatchObject({ 'error.type': '23505', 'db.response.status_code': '23505' });
  expect(JSON.stringify([span?.attributes, span?.status, span?.events])).not.toContain('secret');
});

it('tells the wait for a connection, which is a round trip too', async () => {
  const other = openDatabase({ url: server.url, applicationName: 'span-spec' });
  await other.ping();
  await other.ping();
  await other.close();
  expect(told()).toEqual(['connect', 'SELECT', 'SELECT']);
});

it('tells a server that nobody reaches', async () => {
  const closed = openDatabase({ url: 'postgres://127.0.0.1:1/none', applicationName: 'span-spec' });
  await expect(closed.ping()).rejects.toThrow();
  await closed.close();
  const [span] = exporter.getFinishedSpans();
  expect(span).toMatchObject({ name: 'connect', status: { code: SpanStatusCode.ERROR } });
});

it.each([
  ['  select 1', 'SELECT'],
  ['SELECT * FROM metering.lease_quotas($1)', 'SELECT metering.lease_quotas'],
  ['UPDATE ONLY metering.holder SET lost = true', 'UPDATE metering.holder'],
  ['WITH gone AS (DELETE FROM a.b RETURNING 1) SELECT 1', 'WITH a.b'],
  ['CREATE TABLE IF NOT EXISTS sluice.migration (name text)', 'CREATE sluice.migration'],
  ['-- a comment first', 'statement'],
])('summarises %j', async (text, summary) => {
  await database.query(text).catch(() => undefined);
  expect(told()).toEqual([summary]);
});
