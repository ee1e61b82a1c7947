import { setImmediate } from 'node:timers/promises';
import { usageEventTypes } from '@sluice/contracts';
import { startDebianPostgres } from '@sluice/testing';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sampleRequest, sampleSnapshot } from '../metering-samples.ts';
import { type SampleReplica, useDatabase } from '../sample-database.ts';
import { readUsageEvent } from '../read-usage-event.ts';
import { SupplementBook } from './book-supplements.ts';
import { reconcile } from './reconcile.ts';

const limit = 200;
const replicaCount = 3;
/** Random orders of events that each promise is tried with; more of them find what is rarer. */
const orders = Number(process.env.ORDERS ?? 100);
const msPerOrder = 2_400;
/** The organisation's never gets short: what is told of it goes with what is told of others. */
const snapshot = sampleSnapshot({
  keyBudgets: [{ tokens: limit, window: 'month' }],
  budgets: [{ tokens: limit * 100, window: 'month' }],
  key: { concurrency: 50 },
});
const meterCount = 2;
const metering = useDatabase(startDebianPostgres);

/** What the outside world knows of one request. */
interface Known {
  readonly id: string;
  readonly holder: string;
  readonly number: number;
  readonly expected: number;
  readonly deadline: number;
  most: number;
  /** What its own replica let it use beyond its reservation, which no event tells of. */
  extended: number;
  /** Undefined while it is under way. */
  used: number | undefined;
  /** Whether its end may not tell of every call, and none has come to light. */
  callsUnknown: boolean;
  /** What the stream has of it. */
  readonly events: Record<string, unknown>[];
}

/** Three replicas over one database. One token is one unit of the budget. */
class World {
  now = Date.UTC(2026, 0, 5, 12);
  readonly replicas: SampleReplica[] = [];
  readonly requests: Known[] = [];
  /** The largest amount by which one request can go beyond what was expected of it. */
  largestError = 0;
  /** What replicas let go early when they died: requests under way had it beyond their reservations. */
  letGo = 0;
  readonly #dead = new Set<string>();
  #asked = 0;

  constructor() {
    for (let index = 0; index < replicaCount; index += 1) this.#start(index);
  }

  get open(): Known[] {
    return this.requests.filter(({ used }) => used === undefined);
  }

  /** What is used in the worst case. */
  get worst(): number {
    return this.requests.reduce((sum, { used, most, callsUnknown }) => sum + (callsUnknown ? most : (used ?? most)), 0);
  }

  async ask(index: number, expected: number, error: number): Promise<void> {
    const id = `req_${this.#asked++}`;
    const { admission } = this.#replica(index);
    const deadline = this.now + 60_000;
    const most = expected + error;
    const tokens = { inputTokens: 0, mostInputTokens: 0, outputTokens: expected, mostOutputTokens: most };
    const refusal = await admission.admit(sampleRequest(id, { ...tokens, deadline, dispatchedAt: this.now }));
    if (refusal !== undefined) return;
    const { holder = '', number = 0 } = admission.reservationOf(id) ?? {};
    const events = [intentOf({ id, holder, number, expected, deadline, most })];
    this.requests.push({ id, holder, number, expected, deadline, most, extended: 0, used: undefined, callsUnknown: false, events });
    this.largestError = Math.max(this.largestError, error);
  }

  /** Asks whoever holds the request, as the router does, and any other where that is dead. */
  async extend(at: number, index: number, outputTokens: number): Promise<void> {
    const request = this.#pick(this.open, at);
    if (request === undefined) return;
    const own = this.replicas.find(({ admission }) => admission.keeper.holder === request.holder);
    const holder = own ?? this.#replica(index);
    const granted = await holder.admission.extend(sampleRequest(request.id, { inputTokens: 0, outputTokens, deadline: request.deadline }));
    if (!granted) return;
    request.most += outputTokens;
    if (own !== undefined) request.extended += outputTokens;
  }

  async settle(at: number, share: number, end: End): Promise<void> {
    const request = this.#pick(this.open, at);
    if (request !== undefined) await this.#settle(request, Math.round(request.most * share), end);
  }

  /** A call comes to light that a request's end did not tell of. */
  async supplement(at: number, share: number): Promise<void> {
    const request = this.#pick(
      this.requests.filter(({ callsUnknown }) => callsUnknown),
      at,
    );
    if (request?.used === undefined) return;
    const output = Math.round((request.most - request.used) * share);
    request.used += output;
    request.callsUnknown = false;
    await this.#tell(request, { id: `${request.id}:call-1.1`, type: usageEventTypes.supplement, data: usedOf(request, output) });
  }

  /** Time goes on until whatever is open has expired; the ledger then books what was expected. */
  async expire(): Promise<void> {
    this.now += 121_000;
    for (const replica of this.replicas) await this.#renew(replica);
    for (const request of this.open) request.used = request.expected;
    for (const request of this.requests) request.callsUnknown = false;
    for (const { admission } of this.replicas) admission.expire(this.now);
  }

  async renew(index: number): Promise<void> {
    await this.#renew(this.#replica(index));
  }

  /** Replaces a replica as if it had been killed, and gives back what it held, twice: what is open is looked at again. */
  async kill(at: number): Promise<void> {
    const index = at % replicaCount;
    const { admission } = this.#replica(index);
    await admission.keeper.settled();
    const { holder } = admission.keeper;
    this.#dead.add(holder);
    for (const request of this.requests) {
      if (request.holder === holder && (request.used === undefined || request.callsUnknown)) this.letGo += request.extended;
    }
    this.#start(index);
    await metering.database.query(`UPDATE metering.holder SET expires_at = clock_timestamp() - interval '1 s' WHERE holder = $1`, [holder]);
    for (let time = 0; time < 2; time += 1) await this.#reconcile(holder);
  }

  /** All is over: what was under way is settled, nothing is held and everything is told. */
  async end(): Promise<readonly { leased: number; used: number }[]> {
    for (const request of this.open) await this.#settle(request, request.most, 'whole');
    await this.expire();
    for (let time = 0; time < 5; time += 1) for (const replica of this.replicas) await this.#renew(replica);
    for (const holder of this.#dead) await this.#reconcile(holder);
    for (const { admission } of this.replicas) expect(admission.open).toBe(0);
    const counters = await metering.database.query<{ leased: string; used: string }>(
      `SELECT leased, used FROM metering.counter WHERE meter LIKE '%tokens%'`,
    );
    return counters.map(({ leased, used }) => ({ leased: Number(leased), used: Number(used) }));
  }

  async #renew({ admission }: SampleReplica): Promise<void> {
    await admission.keeper.flush(true);
    await setImmediate();
  }

  async #settle(request: Known, used: number, end: End): Promise<void> {
    request.used = used;
    request.callsUnknown = end !== 'whole';
    const [reservedBy] = request.holder.split('/');
    const data = { ...usedOf(request, used), callsUnknown: request.callsUnknown, ...(end === 'unnamed' ? {} : { reservedBy }) };
    await this.#tell(request, { id: `${request.id}:settled`, type: usageEventTypes.settled, data });
  }

  /** Every replica hears of it, some twice. */
  async #tell(request: Known, event: Record<string, unknown>): Promise<void> {
    request.events.push(event);
    for (const replica of [...this.replicas, this.#replica(0)]) await this.#hear(replica, Buffer.from(JSON.stringify(event)));
  }

  async #hear(replica: SampleReplica, event: Uint8Array): Promise<void> {
    const { admission } = replica;
    const [instance = ''] = admission.keeper.holder.split('/');
    const heard = readUsageEvent(event, (id) => admission.holds(id), instance);
    if (heard?.kind === 'settled') admission.settle(heard.requestId, heard.usage);
    const apart = heard?.kind === 'settled' ? heard.apart : heard?.kind === 'supplement' ? heard : undefined;
    if (apart !== undefined) await this.#bookOf(replica).add(apart);
  }

  #bookOf({ admission, store }: SampleReplica): SupplementBook {
    return new SupplementBook({
      store,
      scopesOf: (of) => admission.scopesOf(of),
      release: (supplement) => {
        admission.supplemented(supplement);
      },
      log: { warn: () => undefined },
    });
  }

  #start(index: number): void {
    const { store } = metering.openReplica(snapshot, () => this.now);
    this.replicas[index] = metering.openReplica(snapshot, () => this.now, {
      // The dead say nothing: what they had still to send is lost.
      store: {
        renew: (state, asked) => (this.#dead.has(state.holder) ? Promise.reject(new Error('dead')) : store.renew(state, asked)),
      },
    });
  }

  async #reconcile(holder: string): Promise<void> {
    await metering.database.query(`UPDATE metering.holder SET reconcile_at = '-infinity' WHERE holder = $1`, [holder]);
    const replica = this.#replica(0);
    const lost = await replica.store.nextLost();
    if (lost === undefined) return; // it never leased anything, or is forgotten
    const requests = this.requests.filter((request) => request.holder === lost.holder);
    const read = (_since: number, handle: (event: Record<string, unknown>) => void): Promise<void> => {
      for (const request of requests) for (const event of request.events) handle(event);
      return Promise.resolve();
    };
    await reconcile(
      replica.store,
      lost,
      read,
      () => lost.leases,
      (supplement) => this.#bookOf(replica).book(supplement),
      this.now,
    );
  }

  #replica(index: number): SampleReplica {
    const replica = this.replicas[index % replicaCount];
    if (replica === undefined) throw new Error('no replicas');
    return replica;
  }

  #pick(requests: readonly Known[], at: number): Known | undefined {
    return requests[at % Math.max(1, requests.length)];
  }
}

/** How an end is told: of all calls, of some, or without the reservation that it is of. */
const ends = ['whole', 'whole', 'unknown', 'unnamed'] as const;
type End = (typeof ends)[number];

const about = { organization: 'acme', team: 'support', keyId: 'key_web', tags: {}, modelAsked: 'chat' };

function intentOf({
  id,
  holder,
  number,
  expected,
  deadline,
  most,
}: Omit<Known, 'extended' | 'used' | 'callsUnknown' | 'events'>): Record<string, unknown> {
  const lease = { holder, number, most: { inputTokens: 0, outputTokens: most, costNanoUsd: '0' } };
  const data = { ...about, requestId: id, reserved: { inputTokens: 0, outputTokens: expected }, lease, deadline };
  return { id: `${id}:intent`, type: usageEventTypes.intent, time: new Date(0).toISOString(), data };
}

/** The request, and one call of it. */
function usedOf({ id, deadline }: Known, output: number): Record<string, unknown> {
  return { ...about, requestId: id, attempts: [{ startedAt: deadline - 60_000 }], usage: { input: 0, output } };
}

const nat = fc.nat(1_000);
const step = fc.oneof(
  { weight: 7, arbitrary: fc.tuple(fc.constant('ask' as const), nat, fc.integer({ min: 1, max: 15 }), fc.nat(40)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('extend' as const), nat, nat, fc.integer({ min: 1, max: 10 })) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('settle' as const), nat, fc.nat(100), fc.constantFrom(...ends)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('supplement' as const), nat, fc.nat(100)) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('renew' as const), nat) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('expire' as const)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('kill' as const), nat) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

async function take(world: World, step: Step): Promise<void> {
  switch (step[0]) {
    case 'ask':
      return world.ask(step[1], step[2], step[3]);
    case 'extend':
      return world.extend(step[1], step[2], step[3]);
    case 'settle':
      return world.settle(step[1], step[2] / 100, step[3]);
    case 'supplement':
      return world.supplement(step[1], step[2] / 100);
    case 'renew':
      return world.renew(step[1]);
    case 'expire':
      return world.expire();
    case 'kill':
      return world.kill(step[1]);
  }
}

async function worldAfter(steps: readonly Step[], check: (world: World) => void): Promise<World> {
  await metering.clear();
  const world = new World();
  for (const step of steps) {
    await take(world, step);
    check(world);
  }
  return world;
}

it(
  'never uses more than a limit and one estimate error, whatever is asked, extended, settled, renewed, expired and killed when',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        const world = await worldAfter(steps, ({ worst, largestError, letGo }) => {
          expect(worst).toBeLessThanOrEqual(limit + largestError + letGo);
        });
        await world.end();
      }),
      { numRuns: orders },
    );
  },
  orders * msPerOrder,
);

it(
  'loses no quota and books nothing twice',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        const world = await worldAfter(steps, () => undefined);
        const counters = await world.end();
        const spent = world.requests.reduce((sum, request) => sum + (request.used ?? 0), 0);
        const expected = world.requests.length === 0 ? [] : Array.from({ length: meterCount }, () => ({ leased: spent, used: spent }));
        expect(counters).toEqual(expected);
      }),
      { numRuns: orders },
    );
  },
  orders * msPerOrder,
);
