import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditLedger } from '../audit/audit-ledger.ts';
import { auditBatch } from '../audit/audit-stream.ts';
import { bookCreditNote } from '../corrections/credit-note.ts';
import { exportCharges } from '../exports/export-charges.ts';
import { focusColumns } from '../exports/focus.ts';
import { openLedger, servers, type LedgerHarness } from '../ledger-harness.ts';
import { ensureLinePartitions } from './line-partitions.ts';
import { rollUp } from '../statements/rollup.ts';
import { sampleEvents, streamEvent } from '../sample-events.ts';
import { readStatement, type StatementQuery } from '../statements/statement.ts';

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
      keyId: `key_${index % 110}`, // with 20 days and three kinds of lines 660 rows: three pages
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
    expect(rows).toHaveLength(660);
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
    const batch = [streamEvent(sampleEvents.intent(options), 9_001), streamEvent(sampleEvents.settled(options), 9_002)];
    expect(await auditBatch(harness.database, batch)).toBe(2);
    expect((await audit()).breaks).toHaveLength(2);
    await harness.ledger.record(batch);
    expect(await auditBatch(harness.database, batch)).toBe(0);
    expect((await audit()).breaks).toEqual([]);
  });

  it('counts events of the stream once, and notes rows that say they come of it and do not', async () => {
    const options = (name: string) => ({ requestId: `forged_${run}_${name}`, time: start });
    const [first, last] = [options('a'), options('b')];
    const batch = [
      streamEvent(sampleEvents.settled(first), 9_101),
      streamEvent(sampleEvents.intent(last), 9_102),
      streamEvent(sampleEvents.settled(last), 9_103),
    ];
    await harness.ledger.record([...batch, streamEvent(sampleEvents.settled(options('forged')), 9_102)]);
    const before = (await audit()).stream;
    expect(await auditBatch(harness.database, batch)).toBe(1);
    expect(await auditBatch(harness.database, batch)).toBe(0);
    const { stream, breaks } = await audit();
    expect([stream.events - before.events, stream.settled - before.settled, stream.position]).toEqual([3, 2, 9_103]);
    expect(breaks).toEqual([expect.stringContaining(`a row of forged_${run}_forged that says`)]);
    await harness.database.query(`DELETE FROM billing.audit_finding WHERE kind = 'row'`);
  });

  it('shows quota that is held for a request of which nobody knows', async () => {
    await harness.database.query('CREATE SCHEMA metering');
    await harness.database.query(
      'CREATE TABLE metering.holder (holder text, expires_at timestamptz, open_requests text[], lost boolean DEFAULT false)',
    );
    const hold = (requests: readonly string[]) =>
      harness.database.query('INSERT INTO metering.holder (expires_at, open_requests) VALUES ($1, $2)', [
        new Date(start + 60 * day),
        [...requests],
      ]);
    await hold(['early']);
    expect(await audit()).toMatchObject({ leases: { held: 1, unknown: 0 }, breaks: [] });
    await hold(['early', 'lost']);
    const later = () => auditLedger(harness.database, { now: start + 30 * day + 60_000, graceMs: 1_000, full: false });
    expect((await audit()).leases).toEqual({ held: 2, unknown: 1 });
    expect((await later()).breaks).toEqual(['metering holds quota for lost, of which neither stream nor ledger know (1 such)']);
    await harness.database.query('DROP SCHEMA metering CASCADE');
    await harness.database.query(`DELETE FROM billing.audit_finding WHERE kind = 'lease'`);
    expect(await later()).not.toHaveProperty('leases');
  });

  it('says the same of the whole ledger, however many audits it took', async () => {
    for (let round = 0; round < 3; round += 1) {
      await harness.settle(...ids(3).map((requestId) => ({ requestId, time: start })));
      if (round === 1) await rollUp(harness.database);
      const partial = await auditLedger(harness.database, { now: start, graceMs: 0, full: false });
      const whole = await audit();
      expect(partial.chain.blocks).toBe(1);
      expect([partial.requests, partial.chain.amountNanoUsd, partial.breaks]).toEqual([whole.requests, whole.chain.amountNanoUsd, []]);
    }
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
      expect(await tampered(sums('+ 1'), sums('- 1'))).toContain('sums by organization and month are not the daily sums');
      const grouped = (by: string) => [
        `UPDATE billing.group_sum SET amount_nano_usd = amount_nano_usd ${by} WHERE grouped_by = 'organization' AND monthly AND organization = 'credited'`,
      ];
      expect(await tampered(grouped('+ 1'), grouped('- 1'))).toContain('the sums of statements are not those of the lines');
    });
  });
});

const sampleCost = 201_000;
