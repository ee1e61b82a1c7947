import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, connectBus } from '@sluice/bus';
import { buckets } from '@sluice/contracts';
import { type NatsServer, startNatsServer } from '@sluice/testing';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { BreakerBoard, hashOf } from './breaker-board.ts';
import { CircuitBreaker } from './circuit-breaker.ts';

const target = 'provider/Model with spaces/é';
const soon = { timeout: 15_000, interval: 5 };

let storeDir: string;
let server: NatsServer;
const opened: Replica[] = [];
let serial = 0;

beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'sluice-board-'));
  server = await startNatsServer({ storeDir });
});
afterEach(async () => {
  for (const replica of opened.splice(0)) await replica.close();
});
afterAll(async () => {
  await server.stop();
  await rm(storeDir, { recursive: true, force: true });
});

/** One router: its own connection, board and breaker of one target. */
class Replica {
  readonly bus: Bus;
  readonly board: BreakerBoard;
  readonly breaker: CircuitBreaker;
  readonly warnings: string[];
  readonly changes: string[] = [];

  constructor(bus: Bus, name: string) {
    const warnings: string[] = [];
    this.bus = bus;
    this.warnings = warnings;
    const log = { info: () => undefined, warn: (_: unknown, message: string) => warnings.push(message) };
    this.board = new BreakerBoard({ bus, clock: Date.now, log: log as never }); // only these two are called
    this.breaker = new CircuitBreaker({ failures: 2, failureRate: 1, openForMs: 30_000 }, (change) => {
      this.changes.push(`${change.to} ${change.cause}`);
      this.board.tell(name, change);
    });
    this.board.use(new Map([[name, this.breaker]]));
  }

  get state(): string {
    return this.breaker.state(Date.now());
  }

  call(outcome: 'succeeded' | 'failed'): void {
    const ticket = this.breaker.begin(Date.now());
    if (ticket === undefined) throw new Error('the breaker did not admit the call');
    this.breaker[outcome](ticket, Date.now());
  }

  async close(): Promise<void> {
    await this.board.close();
    await this.bus.close();
  }
}

async function replica(name: string): Promise<Replica> {
  const bus = await connectBus({
    servers: server.url,
    service: 'router',
    version: '0.1.0',
    description: 'test',
    log: pino({ level: 'silent' }),
    tracing: false,
    hopBudgetMs: 2_000,
    echo: true,
  });
  const made = new Replica(bus, name);
  opened.push(made);
  await made.board.ready();
  return made;
}

const fresh = (): string => `${target}/${(serial += 1)}`;
const until = (replica: Replica, state: string): Promise<void> =>
  vi.waitFor(() => {
    expect(replica.state).toBe(state);
  }, soon);

describe('BreakerBoard', () => {
  it('opens the breaker of another replica, and lets it try when the target is well again', async () => {
    const name = fresh();
    const [one, other] = await Promise.all([replica(name), replica(name)]);
    one.call('failed');
    one.call('failed');
    await until(other, 'open');
    expect(other.breaker.admitsFrom(0)).toBe(one.breaker.admitsFrom(0));
    // A health check lets the first one try before the time is over.
    one.breaker.heardWell('checked', Date.now());
    one.call('succeeded');
    await until(other, 'half-open');
    other.call('succeeded');
    expect([one.state, other.state]).toEqual(['closed', 'closed']);
  });

  it('tells a replica that starts later', async () => {
    const name = fresh();
    const one = await replica(name);
    one.call('failed');
    one.call('failed');
    await vi.waitFor(async () => {
      const late = await replica(name);
      await until(late, 'open');
    }, soon);
  });

  it('takes a provider from the others once, where one replica alone cannot reach it', async () => {
    const name = fresh();
    const [cutOff, other] = await Promise.all([replica(name), replica(name)]);
    cutOff.call('failed');
    cutOff.call('failed');
    await until(other, 'open');
    other.breaker.heardWell('checked', Date.now());
    other.call('succeeded');
    await until(cutOff, 'half-open');
    cutOff.call('failed');
    // What comes after on the same connection has overtaken nothing.
    cutOff.board.tell(`${name}/marker`, { to: 'closed', cause: 'probe' });
    await settled(other, `${name}/marker`);
    expect(other.changes.filter((change) => change === 'open peer')).toHaveLength(1);
    expect([cutOff.state, other.state]).toEqual(['open', 'closed']);
  });

  it('says nothing of what it heard itself', async () => {
    const name = fresh();
    const [one, other] = await Promise.all([replica(name), replica(name)]);
    one.call('failed');
    one.call('failed');
    await until(other, 'open');
    other.board.tell(`${name}/marker`, { to: 'closed', cause: 'probe' });
    await settled(one, `${name}/marker`);
    expect(one.changes).toEqual(['open failures']);
  });

  it('keeps names of targets out of the keys', async () => {
    const name = fresh();
    const one = await replica(name);
    one.call('failed');
    one.call('failed');
    const bucket = await one.bus.keyValue(buckets.breakers);
    const values: string[] = [];
    const watch = await bucket.watch('*', (value) => values.push(Buffer.from(value).toString()));
    await vi.waitFor(() => {
      expect(values.some((value) => value.includes(one.bus.instance))).toBe(true);
    }, soon);
    await watch.close();
    expect(values.join()).not.toContain('Model');
  });

  it('ignores what is no word of a router', async () => {
    const name = fresh();
    const one = await replica(name);
    const bucket = await one.bus.keyValue(buckets.breakers);
    await bucket.put('nonsense', Buffer.from('{"target":1'));
    const other = await replica(name);
    other.call('failed');
    other.call('failed');
    await until(one, 'open');
  });

  it('goes by its own calls while NATS is away, and is told again when it is back', async () => {
    const name = fresh();
    const [one, other] = await Promise.all([replica(name), replica(name)]);
    await server.kill();
    await vi.waitFor(() => {
      expect([one.bus.connected, other.bus.connected]).toEqual([false, false]);
    }, soon);
    const before = performance.now();
    one.call('failed');
    one.call('failed');
    expect(performance.now() - before).toBeLessThan(100);
    expect([one.state, other.state]).toEqual(['open', 'closed']);
    server = await startNatsServer({ storeDir, port: server.port });
    await vi.waitFor(() => {
      expect([one.bus.connected, other.bus.connected]).toEqual([true, true]);
    }, soon);
    // The next word gets through, whatever became of the first.
    await vi.waitFor(async () => {
      one.breaker.heardWell('checked', Date.now());
      if (one.breaker.admits(Date.now())) one.call('succeeded');
      one.call('failed');
      one.call('failed');
      await vi.waitFor(() => {
        expect(other.state).toBe('open');
      });
    }, soon);
  });
});

/** Waits until a replica's board has heard of a target that nobody has: all words before it are heard then. */
async function settled(replica: Replica, marker: string): Promise<void> {
  const bucket = await replica.bus.keyValue(buckets.breakers);
  const heard = new Set<string>();
  const watch = await bucket.watch('*', (value) => heard.add(Buffer.from(value).toString()));
  await vi.waitFor(() => {
    expect([...heard].some((word) => word.includes(hashOf(marker)))).toBe(true);
  }, soon);
  await watch.close();
}
