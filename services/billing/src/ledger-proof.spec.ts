import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditLedger } from './audit-ledger.ts';
import { auditBatch } from './audit-stream.ts';
import { bookCreditNote } from './credit-note.ts';
import { exportCharges } from './export-charges.ts';
import { focusColumns } from './focus.ts';
import { openLedger, servers, type LedgerHarness } from './ledger-harness.ts';
import { ensureLinePartitions } from './line-partitions.ts';
import { rollUp } from './rollup.ts';
import { sampleEvents, streamEvent } from './sample-events.ts';
import { readStatement, type StatementQuery } from './statement.ts';

const start = Date.UTC(2026, 10, 1, 12);
const day = 86_400_000;
const period = { from: '2026-11-01', to: '2026-12-01' };
const statementOf = (changes: Partial<StatementQuery> = {}): StatementQuery => ({
  organization: 'acme',
  ...period,
  by: 'team',
  ...changes,
});

describe.each(servers)('the ledger on $name', ({ open }) => {
  let harness: LedgerHarness;
  let run = 0;
  const ids = (count: number, prefix = `r${++run}`) => Array.from({ length: count }, (_, index) => `${prefix}_${index}`);
  const audit = () => auditLedger(harness.database, { now: start + 30 * day, graceMs: 0, full: true });

  beforeAll(async () => {
    harness = await openLedger(open);
  });
  afterAll(() => harness.close());

  it('makes partitions once and moves into them what lies in the default one', async () => {
    await harness.settle({ requestId: 'early', time: start });
    expect(await ensureLinePartitions(harness.database, start)).toHaveLength(4);
    expect(await ensureLinePartitions(harness.database, start)).toEqual([]);
    const lines = await harness.database.query('SELECT kind, tokens FROM billing.ledger_line_2026_11 ORDER BY kind');
    expect(lines).toEqual([
      { kind: 'cached_input', tokens: '256' },
      { kind: 'input', tokens: '556' },
      { kind: 'output', tokens: '164' },
    ]);
    expect((await audit()).breaks).toEqual([]);
  });

  it('gives the same statement before, while and after lines are summed up', async () => {
    const organization = 'summed';
    const requests = ids(6).map((requestId, index) => ({ requestId, time: start + index * day, organization }));
    await harness.settle(...requests.slice(0, 3));
    await rollUp(harness.database);
    await harness.settle(...requests.slice(3));
    const before = await readStatement(harness.database, statementOf({ organization, by: 'day' }));
    await rollUp(harness.database);
    expect(await readStatement(harness.database, statementOf({ organization, by: 'day' }))).toEqual(before);
    expect(before.totals).toMatchObject({ usageNanoUsd: String(6 * sampleCost), dueNanoUsd: String(6 * sampleCost) });
    expect(before.groups.filter(({ kind }) => kind === 'output').map(({ name }) => name)).toEqual(
      requests.map(({ time }) => new Date(time).toISOString().slice(0, 10)),
    );
  });

  it.each(['organization', 'team', 'key', 'user', 'model', 'provider', 'month', 'tag:project'] as const)('states by %s', async (by) => {
    const { groups } = await readStatement(harness.database, statementOf({ by }));
    const names = {
      organization: 'acme',
      team: 'support',
      key: 'key_1',
      user: 'u-17',
      model: 'gpt-4o-mini-2024-07-18',
      provider: 'openai',
      month: '2026-11',
      'tag:project': 'alpha',
    };
    expect(groups[0]?.name).toBe(names[by]);
  });

  it('books a credit note once', async () => {
    const note = {
      id: 'CN-1',
      organization: 'credited',
      team: 'support',
      keyId: '-',
      day: '2026-11-05',
      nanoUsd: '500',
      note: 'goodwill',
      author: 'test',
    };
    expect(await bookCreditNote(harness.database, note, 2)).toEqual({ id: 'CN-1', booked: true });
    expect(await bookCreditNote(harness.database, note, 2)).toEqual({ id: 'CN-1', booked: false });
    const { totals } = await readStatement(harness.database, statementOf({ organization: 'credited' }));
    expect(totals).toMatchObject({ creditNanoUsd: '-500', dueNanoUsd: '-500' });
  });

  it('exports every charge once over its pages, in each format', async () => {
    const organization = 'exported';
    const requests = ids(600).map((requestId, index) => ({
      requestId,
      time: start + (index % 20) * day,
      organization,
      keyId: `key_${index % 10}`,
    }));
    await harness.settle(...requests);
    const pages = async (format: 'csv' | 'jsonl' | 'focus') => {
      let text = '';
      let after: string | undefined;
      do {
        const page = await exportCharges(
          harness.database,
          { format, organization, ...period, ...(after === undefined ? {} : { after }) },
          start + 60 * day,
        );
        text += page.text;
        after = page.next;
      } while (after !== undefined);
      return text;
    };
    // Safe: written by the export a moment ago.
    const rows = (await pages('jsonl'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { amount_nano_usd: string });
    expect(rows.reduce((sum, row) => sum + BigInt(row.amount_nano_usd), 0n)).toBe(BigInt(600 * sampleCost));
    expect((await pages('csv')).trimEnd().split('\r\n')).toHaveLength(rows.length + 1);
    const [head, first] = (await pages('focus')).split('\r\n');
    expect(head).toBe(focusColumns.join(','));
    expect(first).toContain('AI and Machine Learning');
  });

  it('verifies block after block whatever the batches were', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }), async (sizes) => {
        for (const size of sizes) await harness.settle(...ids(size).map((requestId) => ({ requestId, time: start })));
        expect((await audit()).breaks).toEqual([]);
      }),
      { numRuns: 5 },
    );
  }, 60_000);

  it('notes what the stream has and the ledger has not, until it has it', async () => {
    const options = { requestId: `late_${++run}`, time: start };
    const batch = [streamEvent(sampleEvents.intent(options), 1), streamEvent(sampleEvents.settled(options), 2)];
    expect(await auditBatch(harness.database, batch)).toBe(2);
    expect((await audit()).breaks).toHaveLength(2);
    await harness.ledger.record(batch);
    expect(await auditBatch(harness.database, batch)).toBe(0);
    expect((await audit()).breaks).toEqual([]);
  });

  describe('tampering', () => {
    const tampered = async (statements: readonly string[], undo: readonly string[]) => {
      for (const statement of statements) await harness.database.query(statement);
      const { breaks } = await audit();
      for (const statement of undo) await harness.database.query(statement);
      expect((await audit()).breaks).toEqual([]);
      return breaks.join('\n');
    };

    it('shows an amount that was changed, in the row or in a line', async () => {
      const row = `UPDATE billing.ledger SET cost_nano_usd = cost_nano_usd`;
      expect(await tampered([`${row} - 1 WHERE request_id = 'early'`], [`${row} + 1 WHERE request_id = 'early'`])).toContain(
        'were changed after',
      );
      const line = `UPDATE billing.ledger_line SET amount_nano_usd = amount_nano_usd`;
      const where = `WHERE entry_id = 'early' AND kind = 'output'`;
      expect(await tampered([`${line} - 1 ${where}`], [`${line} + 1 ${where}`])).toContain('do not sum to the amount');
    });

    it('shows a key that was exchanged', async () => {
      const set = (key: string) => `UPDATE billing.ledger SET key_id = '${key}' WHERE request_id = 'early'`;
      expect(await tampered([set('another')], [set('key_1')])).toContain('were changed after');
    });

    it('shows rows that were taken away or put in', async () => {
      const taken = [
        "CREATE TABLE billing.taken AS SELECT * FROM billing.ledger_line WHERE entry_id = 'early'",
        `DELETE FROM billing.ledger_line WHERE entry_id = 'early'`,
      ];
      const back = ['INSERT INTO billing.ledger_line SELECT * FROM billing.taken', 'DROP TABLE billing.taken'];
      expect(await tampered(taken, back)).toContain('was sealed with');
      const put = `INSERT INTO billing.ledger SELECT (row).* FROM (SELECT json_populate_record(row, '{"request_id": "forged", "block": 999999}') AS row FROM billing.ledger AS row WHERE request_id = 'early') AS copy`;
      expect(await tampered([put], [`DELETE FROM billing.ledger WHERE request_id = 'forged'`])).toContain('in no block');
    });

    it('shows blocks that are gone, and a chain that was written anew by an earlier report', async () => {
      const [last] = (await audit()).chain.heads;
      const where = `WHERE shard = ${last?.shard ?? 0} AND number = ${last?.number ?? 0}`;
      const hide = [`CREATE TABLE billing.taken AS SELECT * FROM billing.chain_block ${where}`, `DELETE FROM billing.chain_block ${where}`];
      const back = ['INSERT INTO billing.chain_block SELECT * FROM billing.taken', 'DROP TABLE billing.taken'];
      expect(await tampered(hide, back)).toContain('the last of them is not there');
      const anchors = [{ shard: last?.shard ?? 0, number: last?.number ?? 0, hash: 'ab'.repeat(32) }];
      const report = await auditLedger(harness.database, { now: start, graceMs: 0, full: false, anchors });
      expect(report.breaks.join()).toContain('the chain was rewritten');
    });

    it('shows daily sums that are not those of the lines', async () => {
      await rollUp(harness.database);
      const sums = (by: string) => [`UPDATE billing.rollup SET amount_nano_usd = amount_nano_usd ${by} WHERE organization = 'credited'`];
      expect(await tampered(sums('+ 1'), sums('- 1'))).toContain('daily sums');
    });
  });
});

const sampleCost = 201_000;
