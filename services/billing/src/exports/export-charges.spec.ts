import { startPostgres } from '@sluice/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLedger, type LedgerHarness } from '../ledger-harness.ts';
import { exportCharges } from './export-charges.ts';

const start = Date.UTC(2026, 10, 1, 12);
let harness: LedgerHarness;
beforeAll(async () => {
  harness = await openLedger(startPostgres);
});
afterAll(() => harness.close());

it.each(['csv', 'jsonl', 'focus'] as const)(
  'gives pages of %s that a message holds, whatever the tags are, and every charge',
  async (format) => {
    const organization = `tagged-${format}`;
    // As long as tags may be, of what is longest when it is escaped.
    const tags = Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`${'t'.repeat(60)}${index}`, '"'.repeat(250)]));
    await harness.settle(
      ...Array.from({ length: 30 }, (_, index) => ({
        requestId: `${format}_${index}`,
        time: start,
        organization,
        user: `u-${index}`,
        tags,
      })),
    );
    const users = new Set<string>();
    let pages = 0;
    for (let after: string | undefined; ;) {
      const query = { format, organization, from: '2026-11-01', to: '2026-12-01', ...(after === undefined ? {} : { after }) };
      const page = await exportCharges(harness.database, query, start);
      expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(900_000);
      for (const [user] of page.text.matchAll(/u-\d+/g)) users.add(user);
      pages += 1;
      after = page.next;
      if (after === undefined) break;
    }
    expect(pages).toBeGreaterThan(1);
    expect(users.size).toBe(30);
  },
);
