import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLedger, servers, type LedgerHarness } from '../ledger-harness.ts';
import { listRequests } from './request-log.ts';
import { sampleEvents, streamEvent } from '../sample-events.ts';

const start = Date.UTC(2026, 10, 1, 12);

describe.each(servers)('listRequests on $name', ({ open }) => {
  let harness: LedgerHarness;
  beforeAll(async () => {
    harness = await openLedger(open);
    const events = Array.from({ length: 9 }, (_, index) => {
      const options = { requestId: `req_${index}`, time: start + Math.floor(index / 3), organization: index % 2 === 0 ? 'acme' : 'beta' };
      return streamEvent(index === 4 ? sampleEvents.refused(options) : sampleEvents.settled(options), index + 1);
    });
    await harness.ledger.record(events);
  });
  afterAll(() => harness.close());

  it('gives every request once over its pages, newest first', async () => {
    const seen: string[] = [];
    let before: number | undefined;
    for (let page = 0; page < 10; page += 1) {
      const { requests } = await listRequests(harness.database, { limit: 2, ...(before === undefined ? {} : { before }) });
      if (requests.length === 0) break;
      seen.push(...requests.map((request) => request.requestId));
      before = requests.at(-1)?.endedAt;
    }
    expect(seen.toSorted()).toEqual(Array.from({ length: 9 }, (_, index) => `req_${index}`));
    expect(seen.slice(0, 3).toSorted()).toEqual(['req_6', 'req_7', 'req_8']);
  });

  it('gives shorter pages where rows are long, and still every request', async () => {
    const tags = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`${'t'.repeat(60)}${index}`, 'v'.repeat(250)]));
    const events = Array.from({ length: 400 }, (_, index) =>
      streamEvent(
        sampleEvents.settled({ requestId: `long_${index}`, time: start + 1_000 + Math.floor(index / 2), organization: 'long', tags }),
        100 + index,
      ),
    );
    await harness.ledger.record(events);
    const pages: number[] = [];
    for (let before = start + 100_000; ;) {
      const page = await listRequests(harness.database, { limit: 500, organization: 'long', before });
      const last = page.requests.at(-1);
      if (last === undefined) break;
      expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(900_000);
      pages.push(page.requests.length);
      before = last.endedAt;
    }
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.reduce((sum, length) => sum + length, 0)).toBe(400);
  });

  it('filters by organisation and outcome', async () => {
    const { requests } = await listRequests(harness.database, { limit: 50, organization: 'acme', outcome: 'refused' });
    expect(requests).toMatchObject([{ requestId: 'req_4', errorCode: 'rate_limit_exceeded', attempts: 0, costNanoUsd: '0' }]);
  });

  it('finds one request with its figures', async () => {
    const { requests } = await listRequests(harness.database, { limit: 50, requestId: 'req_0' });
    expect(requests).toMatchObject([{ usage: { input: 812, output: 164, cached: 256 }, attempts: 1, user: 'u-17', latencyMs: 901.75 }]);
  });
});
