/** Several replicas of control on one PostgreSQL and one NATS server: whatever they do at once, the bucket ends up with what Postgres holds. */
import { randomBytes } from 'node:crypto';
import { connectBus } from '@sluice/bus';
import type { Bus, EventPublisher, KeyValue } from '@sluice/bus';
import { buckets, configurationKey } from '@sluice/contracts';
import { migrate, openDatabase } from '@sluice/database';
import type { Database, Transaction } from '@sluice/database';
import { startDebianPostgres, startNatsServer } from '@sluice/testing';
import type { DebianPostgres, NatsServer } from '@sluice/testing';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { AuditTrail } from './audit-trail.ts';
import { ControlPlane } from './control-plane.ts';
import { modelCatalog } from './model-catalog.ts';
import { readLiveKeys } from './key-store.ts';
import { ensureAuditStream } from './record-audit.ts';
import { latestVersion } from './version-store.ts';
import { sha256Hex } from './virtual-key.ts';

const log = pino({ level: 'silent' });
const snapshotSchema = z.object({ version: z.number(), activatedAt: z.string(), keys: z.array(z.object({ keyId: z.string() })) });

let nats: NatsServer;
let postgres: DebianPostgres;
let database: Database;
let bus: Bus;
let bucket: KeyValue;
let publisher: EventPublisher;
let replicas: Replica[] = [];

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNatsServer(), startDebianPostgres()]);
  database = openDatabase({ url: postgres.url, applicationName: 'replicas-spec' });
  const common = { version: '0.0.0', description: 'test', log, tracing: false, hopBudgetMs: 2_000, echo: false };
  bus = await connectBus({ ...common, servers: nats.url, service: 'control' });
  bucket = await bus.keyValue(buckets.configuration);
  await ensureAuditStream(bus);
  publisher = await bus.createEventPublisher('control');
});

afterAll(async () => {
  await bus.close();
  await database.close();
  await Promise.all([nats.stop(), postgres.stop()]);
});

beforeEach(async () => {
  await bucket.put(configurationKey, Buffer.from('nothing yet'));
  await database.query('DROP SCHEMA IF EXISTS control CASCADE');
  await database.query(`DELETE FROM sluice.migration WHERE service = 'control'`).catch(() => undefined); // the first time there is no such table
  await migrate(database, { service: 'control', directory: new URL('../migrations/', import.meta.url) });
});

afterEach(() => {
  for (const replica of replicas) replica.release();
  replicas = [];
});

/** One replica. Its writes to the bucket can be held up, as by a pause of its process or a slow server. */
class Replica {
  readonly plane: ControlPlane;
  /** Its reads of Postgres wait until this resolves. */
  slow: PromiseWithResolvers<undefined> | undefined;
  /** How often it opened the bucket. */
  opened = 0;
  #held: PromiseWithResolvers<undefined> | undefined;
  #committed = Promise.withResolvers<undefined>();

  constructor(maxSnapshotBytes: number) {
    this.plane = new ControlPlane({
      database: {
        ...database,
        transaction: (work) => this.#transaction(work),
        query: async (text, values) => {
          await this.slow?.promise;
          return database.query(text, values);
        },
      },
      openBucket: () => {
        this.opened += 1;
        return Promise.resolve(this.#bucket());
      },
      audit: new AuditTrail(publisher, randomBytes),
      log,
      environment: { SLUICE_BOOTSTRAP_KEY: 'sk-sluice-bootstrap-for-tests' },
      pepper: Buffer.from('a pepper for tests'),
      catalog: modelCatalog,
      discover: () => Promise.resolve({ providers: [], modelsOf: new Map() }),
      randomBytes,
      maxSnapshotBytes,
    });
  }

  static async start(maxSnapshotBytes = bus.maxPayloadBytes): Promise<Replica> {
    const replica = new Replica(maxSnapshotBytes);
    replicas.push(replica);
    await replica.plane.activateFile('');
    return replica;
  }

  hold(): void {
    this.#held ??= Promise.withResolvers<undefined>();
  }

  release(): void {
    this.#held?.resolve(undefined);
    this.#held = undefined;
  }

  /** Changes something, until Postgres has it; its publication goes on by itself where it is held up. */
  async change<Result>(work: (plane: ControlPlane) => Promise<Result>): Promise<{ readonly done: Promise<Result> }> {
    const held = this.#held !== undefined;
    this.#committed = Promise.withResolvers<undefined>();
    const done = work(this.plane);
    await (held ? Promise.race([done, this.#committed.promise]) : done);
    return { done };
  }

  async authenticates(key: string): Promise<boolean> {
    return (await this.plane.authenticate(sha256Hex(key))).principal !== undefined;
  }

  async #transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    const result = await database.transaction(work);
    this.#committed.resolve(undefined);
    return result;
  }

  #bucket(): KeyValue {
    return {
      get: (key) => bucket.get(key),
      entry: (key) => bucket.entry(key),
      watch: (key, listener) => bucket.watch(key, listener),
      put: async (key, value) => {
        await this.#held?.promise;
        await bucket.put(key, value);
      },
      replace: async (key, value, revision) => {
        await this.#held?.promise;
        return bucket.replace(key, value, revision);
      },
    };
  }
}

async function published(): Promise<z.output<typeof snapshotSchema>> {
  return snapshotOf((await bucket.get(configurationKey)) ?? Buffer.of());
}

function snapshotOf(value: Uint8Array): z.output<typeof snapshotSchema> {
  return snapshotSchema.parse(JSON.parse(Buffer.from(value).toString()));
}

async function publishedKeys(): Promise<string[]> {
  return (await published()).keys.map(({ keyId }) => keyId).sort();
}

async function storedKeys(): Promise<string[]> {
  return (await readLiveKeys(database)).map(({ keyId }) => keyId).sort();
}

const keyOf = (name: string) => ({ name, organization: 'default', team: 'default', models: null, policy: null, limits: {}, budgets: [] });
const withTimeout = (seconds: number) => `version: 1\npolicies: [{ name: default, timeout: ${seconds}s }]`;

describe('two replicas', () => {
  let a: Replica;
  let b: Replica;
  beforeEach(async () => {
    a = await Replica.start();
    b = await Replica.start();
  });

  it('do not publish a key again that one revoked while the other activated', async () => {
    const { text, record } = await a.plane.createKey(keyOf('leaked'), 'ana');
    await b.plane.reconcile();
    a.hold();
    const { done } = await a.change((plane) => plane.activateText(withTimeout(7), 'ana'));
    await b.plane.revokeKey(record.keyId, 'ben');
    a.release();
    await done;
    expect(await publishedKeys()).not.toContain(record.keyId);
    expect(await published()).toMatchObject({ version: 2 });
    await a.plane.reconcile();
    expect([await a.authenticates(text), await b.authenticates(text)]).toEqual([false, false]);
  });

  it('do not publish an earlier version with a key that is new', async () => {
    await a.plane.activateText(withTimeout(8), 'ana');
    // It has not heard of the version yet.
    const { record } = await b.plane.createKey(keyOf('new'), 'ben');
    expect(await published()).toMatchObject({ version: 2 });
    expect(await publishedKeys()).toContain(record.keyId);
  });

  it('publish what the other one left undone when it died after its commit', async () => {
    const { record } = await a.plane.createKey(keyOf('orphaned'), 'ana');
    a.hold();
    await a.change((plane) => plane.revokeKey(record.keyId, 'ana'));
    expect(await publishedKeys()).toContain(record.keyId);
    await b.plane.reconcile();
    expect(await publishedKeys()).not.toContain(record.keyId);
  });

  it('ask the bucket nothing while nothing has changed', async () => {
    await a.plane.reconcile();
    await b.plane.reconcile();
    const { opened } = a;
    await a.plane.reconcile();
    expect(a.opened).toBe(opened);
    await b.plane.createKey(keyOf('asked'), 'ben');
    await a.plane.reconcile();
    expect(a.opened).toBe(opened + 1);
  });

  it('publish nothing of what they remember when NATS is back, but what Postgres holds', async () => {
    const { text, record } = await a.plane.createKey(keyOf('away'), 'ana');
    await b.plane.reconcile();
    await a.plane.revokeKey(record.keyId, 'ana');
    b.plane.distrustBucket();
    await b.plane.reconcile();
    expect(await publishedKeys()).not.toContain(record.keyId);
    expect(await b.authenticates(text)).toBe(false);
  });

  it('answer for no key that another has revoked, from when its word is heard', async () => {
    const { text, record } = await a.plane.createKey(keyOf('asked-for'), 'ana');
    await b.plane.reconcile();
    b.slow = Promise.withResolvers<undefined>();
    const early = b.plane.reconcile(); // has read nothing yet when the word comes, and is not taken for its answer
    await a.plane.revokeKey(record.keyId, 'ana');
    b.plane.hear((await bucket.get(configurationKey)) ?? Buffer.of());
    const answer = b.authenticates(text);
    b.slow.resolve(undefined);
    await Promise.all([early, b.plane.reconcile()]);
    expect(await answer).toBe(false);
  });

  it('answer from memory where Postgres does not tell them what they have heard of', async () => {
    const { text, record } = await a.plane.createKey(keyOf('remembered'), 'ana');
    await b.plane.reconcile();
    b.slow = Promise.withResolvers<undefined>();
    await a.plane.revokeKey(record.keyId, 'ana');
    b.plane.hear((await bucket.get(configurationKey)) ?? Buffer.of());
    const reconciled = b.plane.reconcile();
    expect(await b.authenticates(text)).toBe(true);
    b.slow.resolve(undefined);
    await reconciled;
    expect(await b.authenticates(text)).toBe(false);
  });

  it('store no key that makes the configuration too large to publish', async () => {
    const { byteLength } = (await bucket.get(configurationKey)) ?? Buffer.of();
    const full = await Replica.start(byteLength + 4_096);
    const before = await storedKeys();
    await expect(full.plane.createKey(keyOf('one-too-many'), 'ana')).rejects.toMatchObject({ code: 'request_too_large' });
    expect(await storedKeys()).toEqual(before);
  });

  it('publish what an older database holds that was restored', async () => {
    const { record } = await a.plane.createKey(keyOf('kept'), 'ana');
    const { activatedAt } = await published();
    await a.plane.revokeKey(record.keyId, 'ana');
    await database.query('UPDATE control.virtual_key SET revoked_at = NULL, revoked_by = NULL WHERE key_id = $1', [record.keyId]);
    await database.query('UPDATE control.state SET changed_at = $1', [activatedAt]);
    await a.plane.reconcile();
    expect(await publishedKeys()).toContain(record.keyId);
  });
});

type Step =
  | { readonly does: 'activate'; readonly by: number; readonly seconds: number }
  | { readonly does: 'create' | 'hold' | 'release' | 'reconcile' | 'restart'; readonly by: number }
  | { readonly does: 'revoke'; readonly by: number; readonly key: number };

const by = fc.nat(2);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ does: fc.constant('activate' as const), by, seconds: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ does: fc.constantFrom('create' as const, 'hold', 'release', 'reconcile', 'restart'), by }),
  fc.record({ does: fc.constant('revoke' as const), by, key: fc.nat() }),
);

it('leaves in the bucket what Postgres holds, in every order of changes, delays and deaths, and never goes back', async () => {
  let made = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 16 }), async (steps) => {
      const three = [await Replica.start(), await Replica.start(), await Replica.start()];
      const pending: Promise<unknown>[] = [];
      const times: string[] = [];
      const watching = await bucket.watch(configurationKey, (value) => times.push(snapshotOf(value).activatedAt));
      for (const next of steps) {
        const replica = three[next.by];
        if (replica === undefined) throw new Error('three replicas were made');
        const change = async (work: (plane: ControlPlane) => Promise<unknown>) => {
          pending.push((await replica.change(work)).done);
        };
        if (next.does === 'activate') await change((plane) => plane.activateText(withTimeout(next.seconds), 'ana'));
        if (next.does === 'create') await change((plane) => plane.createKey(keyOf(`key-${++made}`), 'ana'));
        if (next.does === 'revoke') {
          const keys = await storedKeys();
          const keyId = keys[next.key % keys.length];
          if (keyId !== undefined) await change((plane) => plane.revokeKey(keyId, 'ana'));
        }
        if (next.does === 'hold') replica.hold();
        if (next.does === 'release') replica.release();
        if (next.does === 'reconcile') pending.push(replica.plane.reconcile());
        // The one before stays held, or writes to the bucket whenever it goes on.
        if (next.does === 'restart') three[next.by] = await Replica.start();
      }
      for (const replica of replicas) replica.release();
      await Promise.all(pending);
      for (const { plane } of three) await plane.reconcile();
      const last = await published();
      await vi.waitFor(() => {
        expect(times.at(-1)).toBe(last.activatedAt);
      });
      expect(times).toEqual(times.toSorted());
      await watching.close();
      const keys = await storedKeys();
      const version = (await latestVersion(database))?.version;
      expect(await publishedKeys()).toEqual(keys);
      expect(last.version).toBe(version);
      for (const { plane } of three) expect([plane.version, plane.liveKeys]).toEqual([version, keys.length]);
    }),
    { numRuns: 40 },
  );
}, 60_000);
