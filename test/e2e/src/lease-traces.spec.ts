import { afterAll, beforeAll, expect, it } from 'vitest';
import { leaseStatement, startLimitedGateway, type LimitedGateway, type RequestTrace } from './harness/limited-gateway.ts';
import type { ReceivedSpan } from './harness/read-spans.ts';

let gateway: LimitedGateway;
/** Of the first request, for which nothing is leased yet. */
let first: RequestTrace;
/** Of requests while leases last: over more than one renewal. */
let later: RequestTrace[];

/** Renewals come each half second. */
const spanMs = 1_500;

beforeAll(async () => {
  gateway = await startLimitedGateway();
  const firstIds = await gateway.ask(1, 1);
  // Leases follow demand: renewals must have seen more of it than comes then.
  await askFor(2 * spanMs, 8);
  const laterIds = [...(await gateway.ask(200, 3)), ...(await askFor(spanMs, 3))];
  [first] = (await gateway.tracesOf(firstIds)) as [RequestTrace]; // one for each id
  later = await gateway.tracesOf(laterIds);
}, 180_000);
afterAll(() => gateway.stop());

async function askFor(ms: number, atOnce: number): Promise<string[]> {
  const ids: string[] = [];
  const until = Date.now() + ms;
  while (Date.now() < until) ids.push(...(await gateway.ask(20, atOnce)));
  return ids;
}

function below(spans: readonly ReceivedSpan[], parent: ReceivedSpan | undefined): ReceivedSpan[] {
  const children = spans.filter((span) => span.parentSpanId === parent?.spanId);
  return children.flatMap((child) => [child, ...below(spans, child)]);
}

const metering = ({ spans }: RequestTrace) => spans.find((span) => span.name === 'stage metering');
const asksDatabase = (span: ReceivedSpan) => span.attributes['db.system.name'] !== undefined;

it('shows the first request waiting for its lease, and the statement that it waits for', () => {
  const work = below(first.spans, metering(first));
  const wait = work.find((span) => span.name === 'wait for quota');
  expect(work.find((span) => span.name === leaseStatement)).toMatchObject({
    service: 'sluice-metering',
    kind: 'client',
    parentSpanId: wait?.spanId,
  });
});

it('adds nothing to the way of hundreds of requests while leases last', () => {
  expect(later.length).toBeGreaterThanOrEqual(200);
  expect(later.every((trace) => metering(trace) !== undefined)).toBe(true);
  expect(later.flatMap((trace) => below(trace.spans, metering(trace)))).toEqual([]);
});

it('asks no database for any of them, in any service', () => {
  expect(later.flatMap(({ spans }) => spans.filter(asksDatabase))).toEqual([]);
});

it('renews leases meanwhile, in traces of their own', () => {
  const begin = Math.min(...later.map(({ root }) => Number(root.startedAt)));
  const end = Math.max(...later.map(({ root }) => Number(root.endedAt)));
  const renewals = gateway.spans().filter((span) => span.name === leaseStatement && span.startedAt > begin && span.endedAt < end);
  expect(renewals.length).toBeGreaterThan(0);
  expect(renewals.map((span) => span.parentSpanId)).toEqual(renewals.map(() => ''));
});
