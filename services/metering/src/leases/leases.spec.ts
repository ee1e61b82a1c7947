import { setImmediate } from 'node:timers/promises';
import { usageEventTypes } from '@sluice/contracts';
import { startDebianPostgres } from '@sluice/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Admission } from '../admission/admission.ts';
import { sampleRequest, sampleSnapshot, type SampleLimits } from '../metering-samples.ts';
import { type SampleReplica, useDatabase } from '../sample-database.ts';
import { reconcile } from './reconcile.ts';

const metering = useDatabase(startDebianPostgres);
const now = Date.UTC(2026, 0, 15, 12);

interface Admitted {
  readonly id: string;
  readonly replica: number;
  readonly number: number;
  settled: number | undefined;
}

/** Several replicas over one database, and what the outside world knows of their requests. */
class Cluster {
  readonly replicas: SampleReplica[];
  readonly admitted: Admitted[] = [];
  readonly #limits: SampleLimits;
  readonly #dead = new Set<string>();
  readonly #everyone: SampleReplica[] = [];
  #asked = 0;

  constructor(count: number, limits: SampleLimits) {
    this.#limits = limits;
    this.replicas = Array.from({ length: count }, () => this.open());
  }

  open(): SampleReplica {
    const { store } = metering.openReplica(sampleSnapshot({}), () => now);
    const replica = metering.openReplica(sampleSnapshot(this.#limits), () => now, {
      // The dead say nothing: what they had still to send is lost.
      store: {
        renew: (state, asked) => (this.#dead.has(state.holder) ? Promise.reject(new Error('dead')) : store.renew(state, asked)),
      },
    });
    this.#everyone.push(replica);
    return replica;
  }

  admission(index: number): Admission {
    const replica = this.replicas[index % this.replicas.length];
    if (replica === undefined) throw new Error('no replicas');
    return replica.admission;
  }

  /** One token of output is one unit of every limit here but the number of requests. */
  async ask(index: number, amount: number): Promise<boolean> {
    const admission = this.admission(index);
    const id = `r${(this.#asked += 1)}`;
    const refusal = await admission.admit(sampleRequest(id, { inputTokens: 0, outputTokens: amount, deadline: now + 60_000 }));
    if (refusal !== undefined) return false;
    this.admitted.push({ id, replica: index % this.replicas.length, number: admission.reservationOf(id)?.number ?? 0, settled: undefined });
    return true;
  }

  settle(entry: Admitted, amount: number): void {
    entry.settled = amount;
    this.admission(entry.replica).settle(entry.id, { input: 0, output: amount, costNanoUsd: amount });
  }

  /** Nothing is under way any more. */
  async quiet(): Promise<void> {
    await setImmediate();
    await Promise.all(this.#everyone.map(({ admission }) => admission.keeper.settled()));
  }

  async flush(index: number): Promise<void> {
    await this.admission(index).keeper.flush(true);
  }

  /** Replaces a replica as if it had been killed; its requests are settled by events alone from here on. */
  async kill(index: number): Promise<void> {
    const place = index % this.replicas.length;
    const { keeper } = this.admission(index);
    await keeper.settled(); // a statement under way ends before the process does
    const dead = keeper.holder;
    this.#dead.add(dead);
    this.replicas[place] = this.open();
    await metering.database.query(`UPDATE metering.holder SET expires_at = clock_timestamp() - interval '1 s' WHERE holder = $1`, [dead]);
    await this.reconcile(place, dead);
  }

  async reconcile(place: number, dead: string): Promise<void> {
    const { store } = this.replicas[place] ?? this.open();
    const lost = await store.nextLost();
    if (lost === undefined) return; // it never leased anything
    const events = this.admitted.filter(({ replica }) => replica === place).flatMap((entry) => eventsOf(entry, dead));
    const read = (_since: number, handle: (event: Record<string, unknown>) => void): Promise<void> => {
      events.forEach(handle);
      return Promise.resolve();
    };
    await reconcile(
      store,
      lost,
      read,
      () => lost.leases,
      () => Promise.resolve(),
      now,
    );
    // What it had admitted is no longer this place's: a request belongs to the holder that died.
    for (const entry of this.admitted) if (entry.replica === place) this.#bury(entry);
  }

  #bury(entry: Admitted): void {
    this.admitted[this.admitted.indexOf(entry)] = { ...entry, replica: -1, settled: entry.settled ?? reservedOf(entry) };
  }
}

const reserved = new Map<string, number>();
function reservedOf({ id }: Admitted): number {
  return reserved.get(id) ?? 0;
}

function eventsOf({ id, number, settled }: Admitted, holder: string): Record<string, unknown>[] {
  const about = { requestId: id, organization: 'acme', team: 'support', keyId: 'key_web', tags: {}, modelAsked: 'chat' };
  const reservation = { inputTokens: 0, outputTokens: reserved.get(id) ?? 0 };
  const intent = {
    type: usageEventTypes.intent,
    time: new Date(now).toISOString(),
    data: { ...about, reserved: reservation, lease: { holder, number }, deadline: now + 60_000 },
  };
  if (settled === undefined) return [intent];
  const [reservedBy] = holder.split('/');
  const used = { usage: { input: 0, output: settled }, costNanoUsd: String(settled), reservedBy };
  return [intent, { type: usageEventTypes.settled, data: { ...about, ...used } }];
}

async function counters(): Promise<{ leased: number; used: number; ceiling: number; granted: number }[]> {
  const rows = await metering.database.query<{ leased: string; used: string; ceiling: string; granted: string }>(
    `SELECT leased, used, ceiling, coalesce((SELECT sum(granted) FROM metering.lease WHERE lease.meter = counter.meter), 0) AS granted
     FROM metering.counter`,
  );
  return rows.map((row) => ({
    leased: Number(row.leased),
    used: Number(row.used),
    ceiling: Number(row.ceiling),
    granted: Number(row.granted),
  }));
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('ask' as const), at: fc.nat(3), amount: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('settle' as const), at: fc.nat(200), amount: fc.integer({ min: 0, max: 12 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('flush' as const), at: fc.nat(3), amount: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const), at: fc.nat(3), amount: fc.constant(0) }) },
);

describe('leases over several replicas on PostgreSQL', () => {
  it.each([
    ['a budget in tokens', { keyBudgets: [{ tokens: 100, window: 'month' }] }],
    ['tokens an hour', { key: { outputTokensPerHour: 100 } }],
    ['tokens a minute', { key: { tokensPerMinute: 100 } }],
    ['tokens a second of a team and an organisation', { team: { tokensPerSecond: 120 }, organization: { outputTokensPerSecond: 100 } }],
  ] satisfies [string, SampleLimits][])(
    'never add up to more than %s, whatever asks, settles, renews and dies when',
    async (_name, limits) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
          await metering.clear();
          reserved.clear();
          const cluster = new Cluster(3, limits);
          for (const { kind, at, amount } of steps) {
            if (kind === 'ask') {
              const before = cluster.admitted.length;
              await cluster.ask(at, amount);
              const entry = cluster.admitted[before];
              if (entry !== undefined) reserved.set(entry.id, amount);
            } else if (kind === 'flush') await cluster.flush(at);
            else if (kind === 'kill') await cluster.kill(at);
            else {
              const open = cluster.admitted.filter(({ settled }) => settled === undefined);
              const entry = open[at % Math.max(1, open.length)];
              if (entry !== undefined) cluster.settle(entry, Math.min(amount, reservedOf(entry)));
            }
            const total = cluster.admitted.reduce((sum, entry) => sum + (entry.settled ?? reservedOf(entry)), 0);
            expect(total).toBeLessThanOrEqual(100);
          }
          await cluster.quiet();
          for (const counter of await counters()) {
            expect(counter.leased).toBeLessThanOrEqual(counter.ceiling);
            expect(counter.granted).toBeLessThanOrEqual(counter.leased);
          }
        }),
        { numRuns: 40 },
      );
    },
    60_000,
  );

  it('admit exactly the limit of a burst over all replicas at once', async () => {
    const cluster = new Cluster(3, { keyBudgets: [{ tokens: 100, window: 'month' }] });
    const asked = await Promise.all(Array.from({ length: 300 }, (_, index) => cluster.ask(index, 1)));
    expect(asked.filter(Boolean)).toHaveLength(100);
    for (const [index] of cluster.replicas.entries()) await cluster.flush(index);
    expect(await counters()).toMatchObject([{ leased: 100 }]);
  });

  it('refuse nobody falsely: what one replica holds unused comes to another that needs it', async () => {
    const cluster = new Cluster(3, { keyBudgets: [{ tokens: 100, window: 'month' }] });
    for (let index = 0; index < 12; index += 1) expect(await cluster.ask(index % 3, 4)).toBe(true);
    let admitted = 12;
    for (let round = 0; round < 40 && admitted < 25; round += 1) {
      if (await cluster.ask(0, 4)) admitted += 1;
      else for (const [index] of cluster.replicas.entries()) await cluster.flush(index);
    }
    expect(admitted).toBe(25);
  });

  it('give back what a dead replica did not use, and keep what it used', async () => {
    const cluster = new Cluster(2, { keyBudgets: [{ tokens: 100, window: 'month' }] });
    for (let index = 0; index < 6; index += 1) {
      expect(await cluster.ask(0, 10)).toBe(true);
      reserved.set(`r${index + 1}`, 10);
      if (index === 2) await cluster.flush(0); // three were told of as open, three are known from events alone
    }
    for (const [index, entry] of cluster.admitted.entries()) if (index % 2 === 0) cluster.settle(entry, 4);
    await cluster.kill(0);
    // Three settled at 4, three that may yet cost the 10 they reserved.
    expect(await counters()).toMatchObject([{ used: 12, leased: 42 }]);
    let more = 0;
    while (await cluster.ask(1, 1)) more += 1;
    expect(more).toBe(58);
  });

  it('begin anew where a replica was silent for too long', async () => {
    const cluster = new Cluster(1, { keyBudgets: [{ tokens: 100, window: 'month' }] });
    await cluster.ask(0, 10);
    const admission = cluster.admission(0);
    const before = admission.keeper.holder;
    await metering.database.query('UPDATE metering.holder SET lost = true');
    await cluster.flush(0);
    expect(admission.keeper.holder).not.toBe(before);
    expect(await cluster.ask(0, 10)).toBe(true);
    expect(admission.reservationOf('r2')).toMatchObject({ holder: admission.keeper.holder, number: 1 });
  });
});
