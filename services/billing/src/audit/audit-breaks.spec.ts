import type { Database } from '@sluice/database';
import { startPostgres } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bookCreditNote } from '../corrections/credit-note.ts';
import { openLedger, type LedgerHarness } from '../ledger-harness.ts';
import { rollUp } from '../statements/rollup.ts';
import { sampleEvents, streamEvent } from '../sample-events.ts';
import { auditLedger } from './audit-ledger.ts';

const start = Date.UTC(2026, 10, 1, 12);

// Each check of the auditor by what makes it fail. The ledger is whole again after each: what was done to it is rolled back.
describe('the auditor', () => {
  let harness: LedgerHarness;
  const audit = (database: Database, full = true) => auditLedger(database, { now: start + 86_400_000, graceMs: 0, full });

  beforeAll(async () => {
    harness = await openLedger(startPostgres);
    const options = (index: number) => ({ requestId: `req_${index}`, time: start + index, sequence: index });
    for (const index of [1, 2, 3]) await harness.ledger.record([streamEvent(sampleEvents.settled(options(index)), index)]);
    await harness.ledger.record([streamEvent(sampleEvents.intent(options(4), start), 4)]);
    await harness.ledger.sweep(start + 1);
    await bookCreditNote(harness.database, credit, 0);
    await rollUp(harness.database);
  });
  afterAll(() => harness.close());

  const breaksAfter = async (statements: readonly string[], full = true): Promise<string> => {
    const undo = new Error('taken back');
    let breaks = '';
    const work = harness.database.transaction(async (transaction) => {
      for (const statement of statements) await transaction.query(statement);
      const inside: Database = { ...harness.database, ...transaction, transaction: (nested) => nested(transaction) };
      breaks = (await audit(inside, full)).breaks.join('\n');
      throw undo;
    });
    await expect(work).rejects.toBe(undo);
    return breaks;
  };

  it('finds nothing amiss in a ledger as it was recorded', async () => {
    expect(await audit(harness.database)).toMatchObject({
      breaks: [],
      requests: { rows: 4, admitted: 4, settled: 3, unresolved: 1 },
      chain: { blocks: 5, entries: 5 },
    });
  });

  it.each([
    [
      'an event of a producer that never came',
      [`UPDATE billing.producer SET seen = seen - '{[2,3)}'::int8multirange`],
      '1 events are missing: {[2,3)}',
    ],
    [
      'an intent that nobody swept',
      [
        `INSERT INTO billing.open_intent SELECT 'req_9', event_id, position, ended_at, ended_at - interval '2 hours', organization, team, key_id, user_name, tags,
           dialect, stream, config_version, model_asked, 1, 1, 1 FROM billing.ledger WHERE request_id = 'req_1'`,
      ],
      '1 open intents are past their deadline',
    ],
    [
      'a late end that is not booked',
      [`INSERT INTO billing.late_settlement (event_id, request_id, ledger_row, recorded_at) VALUES ('late', 'req_1', '{}', '2026-01-01')`],
      '1 ends came late, and what they change is not booked',
    ],
    [
      'a block that is gone from the middle',
      ['DELETE FROM billing.chain_block WHERE shard = 0 AND number = 2'],
      'block 3: blocks 2 to 2 are missing',
    ],
    [
      'a block that does not follow from the one before',
      [`UPDATE billing.chain_block SET previous = sha256('other') WHERE shard = 0 AND number = 2`],
      'block 2: does not follow from the block before',
    ],
    [
      'a block with another hash',
      [`UPDATE billing.chain_block SET hash = sha256('other') WHERE shard = 0 AND number = 2`],
      'block 2: its hash is not that of its content',
    ],
    ['an entry of a correction that was changed', [`UPDATE billing.adjustment SET note = 'another'`], 'entries or lines were changed'],
    ['an entry of a correction that is gone', ['DELETE FROM billing.adjustment'], 'has 0 entries and was sealed with 1'],
    [
      'an entry that was moved into the block of others',
      [`UPDATE billing.adjustment SET block = (SELECT block FROM billing.ledger WHERE request_id = 'req_1')`],
      'has 2 entries and was sealed with 1',
    ],
    [
      'a line that was moved from one entry to another',
      [`UPDATE billing.ledger_line SET entry_id = 'req_2' WHERE entry_id = 'req_1' AND kind = 'input'`],
      'lines of 1 entries do not sum to the amount',
    ],
    ['a head that is gone', ['DELETE FROM billing.chain_head WHERE shard = 0'], 'chain shard 0: its head is missing'],
    ['a head that was put back', ['UPDATE billing.chain_head SET number = 1 WHERE shard = 0'], 'the last of them is not there'],
    [
      'an admitted request that came to no end',
      [`UPDATE billing.ledger SET admitted = false WHERE outcome = 'unresolved'`],
      '3 requests were admitted, but 4 of them settled or refused',
    ],
    ['a line in no block', ['UPDATE billing.ledger_line SET block = -1'], 'rows of billing.ledger_line are in no block'],
    ['a correction in no block', ['UPDATE billing.adjustment SET block = -1'], '1 rows of billing.adjustment are in no block'],
    [
      'a row put among those from before the chain',
      [`UPDATE billing.ledger SET block = 0 WHERE request_id = 'req_1'`],
      'rows from before the chain',
    ],
    [
      'sums of statements that are not those of the lines',
      [`UPDATE billing.group_sum SET lines = lines + 1 WHERE monthly`],
      'the sums of statements are not',
    ],
    [
      'sums of one grouping',
      [`UPDATE billing.group_sum SET lines = lines + 1 WHERE grouped_by = 'team' AND NOT monthly`],
      'the sums by team and day are not',
    ],
  ] as const)('shows %s', async (_what, statements, sentence) => {
    expect(await breaksAfter(statements)).toContain(sentence);
  });

  it('ends between two pages when it is told to, and marks nothing as verified', async () => {
    await harness.database.query('DELETE FROM billing.audit_position');
    const signal = AbortSignal.abort(new Error('stopping'));
    await expect(auditLedger(harness.database, { now: start, graceMs: 0, full: false, signal })).rejects.toThrow('stopping');
    expect(await harness.database.query('SELECT shard FROM billing.audit_position')).toEqual([]);
  });

  it('shows in a run of what is new that the verified part was written anew', async () => {
    await audit(harness.database);
    const rewrite = `UPDATE billing.chain_block SET hash = sha256('other') WHERE shard = 0 AND number = 5`;
    expect(await breaksAfter([rewrite], false)).toContain('the chain was rewritten');
    const cut = [
      'DELETE FROM billing.chain_block WHERE shard = 0 AND number = 5',
      'UPDATE billing.chain_head SET number = 4 WHERE shard = 0',
    ];
    expect(await breaksAfter(cut, false)).toContain('the chain was rewritten');
  });
});

const credit = {
  id: 'CN-1',
  organization: 'acme',
  team: 'support',
  keyId: 'key_1',
  day: '2026-11-01',
  nanoUsd: '500',
  note: 'goodwill',
  author: 'test',
};
