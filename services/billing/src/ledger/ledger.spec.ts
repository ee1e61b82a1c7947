import { migrate, openDatabase, type Database } from '@sluice/database';
import { startDebianPostgres, startPostgres } from '@sluice/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clearLedger, ledgerContents } from './ledger-contents.ts';
import { Ledger } from './ledger.ts';
import { sampleEvents, streamEvent } from '../sample-events.ts';

const start = Date.UTC(2026, 10, 1, 12);
const servers = [
  { name: 'PGlite', open: startPostgres },
  { name: 'PostgreSQL', open: startDebianPostgres },
] as const;

describe.each(servers)('Ledger on $name', ({ open }) => {
  let server: { readonly url: string; stop(): Promise<void> };
  let database: Database;
  let ledger: Ledger;

  beforeAll(async () => {
    server = await open();
    database = openDatabase({ url: server.url, applicationName: 'ledger-spec', maxConnections: 4 });
    await migrate(database, { service: 'billing', directory: new URL('../../migrations/', import.meta.url) });
    ledger = new Ledger(database);
  });
  afterAll(async () => {
    await database.close();
    await server.stop();
  });
  const contents = () => ledgerContents(database);
  const clear = () => clearLedger(database);
  beforeEach(clear);

  it('writes every figure of a settlement', async () => {
    const event = sampleEvents.settled({ requestId: 'req_1', time: start });
    await ledger.record([streamEvent(event, 7)]);
    const [row] = await database.query('SELECT * FROM billing.ledger');
    expect(row).toMatchObject({
      request_id: 'req_1',
      event_id: 'req_1:settled',
      position: '7',
      outcome: 'completed',
      ended_at: new Date(start),
      organization: 'acme',
      tags: { project: 'alpha', costCentre: '4711' },
      provider: 'openai',
      input_tokens: '812',
      output_tokens: '164',
      cached_tokens: '256',
      cost_nano_usd: '201000',
      price_version: 'genai-prices-0.1.8',
      attempts: [{ provider: 'openai', usage: { input: 812 } }],
      masked: { EMAIL_ADDRESS: 1 },
      latency_ms: 901.75,
      refused_by: null,
    });
  });

  it('writes a refusal without cost, naming the stage', async () => {
    await ledger.record([streamEvent(sampleEvents.refused({ requestId: 'req_1', time: start }), 1)]);
    const [row] = await database.query('SELECT * FROM billing.ledger');
    expect(row).toMatchObject({
      outcome: 'refused',
      status: 429,
      error_code: 'rate_limit_exceeded',
      refused_by: 'metering',
      cost_nano_usd: '0',
      admitted: false,
    });
  });

  it('keeps an intent out of the database when its settlement is in the same batch', async () => {
    const options = { requestId: 'req_1', time: start };
    const recorded = await ledger.record([streamEvent(sampleEvents.intent(options), 1), streamEvent(sampleEvents.settled(options), 2)]);
    expect(recorded).toMatchObject({ added: 1, opened: 0 });
    expect(await ledger.countOpenIntents()).toBe(0);
  });

  it('closes an open intent when its settlement comes later, and opens none when it came before', async () => {
    const first = { requestId: 'req_1', time: start };
    const second = { requestId: 'req_2', time: start };
    const opened = await ledger.record([streamEvent(sampleEvents.intent(first), 1), streamEvent(sampleEvents.settled(second), 2)]);
    const closed = await ledger.record([streamEvent(sampleEvents.settled(first), 3), streamEvent(sampleEvents.intent(second), 4)]);
    expect([opened.opened, closed.opened, await ledger.countOpenIntents()]).toEqual([1, 0, 0]);
  });

  it('settles an intent past its deadline at the reserved amount, once', async () => {
    await ledger.record([streamEvent(sampleEvents.intent({ requestId: 'req_1', time: start }, start + 1_000), 1)]);
    expect(await ledger.sweep(start + 1_000)).toBe(0);
    expect(await ledger.sweep(start + 1_001)).toBe(1);
    expect(await ledger.sweep(start + 1_001)).toBe(0);
    const { rows, open: left } = await contents();
    expect(rows).toMatchObject([
      { request_id: 'req_1', outcome: 'unresolved', cost_nano_usd: '375000', input_tokens: '900', output_tokens: '400', position: null },
    ]);
    expect(left).toEqual([]);
  });

  it('keeps a settlement that comes after the sweep beside the row, which stays as it is', async () => {
    const options = { requestId: 'req_1', time: start };
    await ledger.record([streamEvent(sampleEvents.intent(options, start), 1)]);
    await ledger.sweep(start + 1);
    const late = [streamEvent(sampleEvents.settled(options), 2)];
    expect(await ledger.record(late)).toMatchObject({ added: 0, late: 1 });
    expect(await ledger.record(late)).toMatchObject({ added: 0, late: 0 });
    const after = await contents();
    expect(after.rows).toMatchObject([{ outcome: 'unresolved', cost_nano_usd: '375000' }]);
    expect(after.late).toEqual([{ event_id: 'req_1:settled', request_id: 'req_1' }]);
  });

  it('changes nothing where the stream has events a second time: a spool was published after the duplicate window', async () => {
    const ended = { requestId: 'req_1', time: start };
    const open = { requestId: 'req_2', time: start };
    const events = [sampleEvents.intent(ended), sampleEvents.settled(ended), sampleEvents.intent(open)];
    await ledger.record(events.map((event, index) => streamEvent(event, index + 1)));
    const once = await contents();
    expect(await ledger.record(events.map((event, index) => streamEvent(event, index + 4)))).toMatchObject({
      added: 0,
      opened: 0,
      late: 0,
    });
    expect(await contents()).toEqual({ ...once, position: expect.anything() as unknown });
  });

  it('drops an intent whose row another replica wrote meanwhile, without a second row', async () => {
    const options = { requestId: 'req_1', time: start };
    await ledger.record([streamEvent(sampleEvents.intent(options, start), 1)]);
    // What two replicas leave behind when neither saw the other's rows.
    const intent = await database.query<{ row: object }>('SELECT to_jsonb(intent) AS row FROM billing.open_intent AS intent');
    await ledger.record([streamEvent(sampleEvents.settled(options), 2)]);
    await database.query('INSERT INTO billing.open_intent SELECT * FROM json_populate_record(NULL::billing.open_intent, $1::json)', [
      JSON.stringify(intent[0]?.row),
    ]);
    expect(await ledger.sweep(start + 1)).toBe(0);
    expect(await contents()).toMatchObject({ rows: [{ outcome: 'completed' }], open: [], late: [] });
  });

  it('charges a request once when two different events end it', async () => {
    const options = { requestId: 'req_1', time: start };
    const settled = sampleEvents.settled(options);
    const batch = [streamEvent(settled, 1), streamEvent({ ...settled, id: 'another' }, 2), streamEvent(sampleEvents.refused(options), 3)];
    await ledger.record(batch);
    await ledger.record(batch.toReversed());
    const { rows, late } = await contents();
    expect(rows).toMatchObject([{ event_id: 'req_1:settled' }]);
    expect(late.map((row) => row.event_id)).toEqual(['another', 'req_1:refused']);
  });

  it('rejects a malformed event, names the field, and records the rest of the batch', async () => {
    const good = sampleEvents.settled({ requestId: 'req_1', time: start });
    const batch = [
      streamEvent({ ...good, data: { ...good.data, usage: { input: -1, output: 0 } } }, 1),
      { subject: 'sluice.v1.usage.acme.support', data: new TextEncoder().encode('{secret'), sequence: 2 },
      streamEvent(good, 3),
    ];
    const recorded = await ledger.record(batch);
    expect(recorded).toMatchObject({
      added: 1,
      rejected: [
        { position: 1, reason: 'data.usage.input: too_small' },
        { position: 2, reason: 'not JSON in UTF-8' },
      ],
    });
    expect((await contents()).rejected).toHaveLength(2);
  });

  it('writes nothing of a batch that fails, its position neither', async () => {
    await database.query(`ALTER TABLE billing.producer ADD CONSTRAINT refuse CHECK (source <> 'sluice/bad/1')`);
    const batch = [1, 2].map((number) =>
      streamEvent(
        sampleEvents.settled({ requestId: `req_${number}`, time: start, source: number === 2 ? 'sluice/bad/1' : 'sluice/good/1' }),
        number,
      ),
    );
    await expect(ledger.record(batch)).rejects.toMatchObject({ code: 'internal_error' });
    await database.query('ALTER TABLE billing.producer DROP CONSTRAINT refuse');
    expect(await contents()).toMatchObject({ rows: [], producers: [], position: [] });
  });

  it('proves which numbers of a producer are missing', async () => {
    const event = (sequence: number) =>
      streamEvent(sampleEvents.settled({ requestId: `req_${sequence}`, time: start, source: 'sluice/ingress/a', sequence }), sequence);
    await ledger.record([2, 3, 7, 8].map(event));
    await ledger.record([10, 9].map(event));
    const audit = async () => (await contents()).producers;
    expect(await audit()).toMatchObject([{ first: '2', last: '10', gaps: '2', missing: '4', missing_ranges: '{[1,2),[4,7)}' }]);
    await ledger.record([1, 4, 5, 6].map(event));
    expect(await audit()).toMatchObject([{ first: '1', last: '10', gaps: '0', missing: '0' }]);
  });

  it('bounds the ranges of a producer and still counts what is missing', async () => {
    const events = Array.from({ length: 1_001 }, (_, index) =>
      streamEvent(sampleEvents.refused({ requestId: `req_${index}`, time: start, sequence: index * 2 + 1 }), index + 1),
    );
    await ledger.record(events);
    await ledger.sweep(start);
    expect((await contents()).producers).toMatchObject([{ gaps: '0', missing: '1000', last: '2001' }]);
  });

  it('stores any text that JSON can carry', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), fc.string(), async (text, tag) => {
        const event = sampleEvents.settled({ requestId: 'req_1', time: start });
        const data = { ...event.data, modelAsked: `${text}\u0000\ud800\\u0000`, tags: { [tag]: text } };
        expect(await ledger.record([streamEvent({ ...event, data }, 1)])).toMatchObject({ added: 1 });
        await clear();
      }),
      { numRuns: 30 },
    );
  }, 60_000);
});
