/** What the specs share: a database with metering's schema, and replicas of metering over it. */
import type { Snapshot } from '@sluice/contracts';
import { openDatabase, type Database } from '@sluice/database';
import { startPostgres } from '@sluice/testing';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { Admission, type AdmissionParts } from './admission/admission.ts';
import { LeaseStore } from './leases/lease-store.ts';
import { migrateMetering } from './metering-samples.ts';

const leaseMs = 30_000;
/** The least that an epoch in ms can be told apart by is a quarter of this. */
const tickMs = 0.001;

export interface SampleReplica {
  readonly admission: Admission;
  readonly store: LeaseStore;
}

interface OpenReplica extends SampleReplica {
  isOver: boolean;
}

/** One for all tests of a file, and empty before each of them. */
export class SampleDatabase {
  readonly #opened: OpenReplica[] = [];
  #database: Database | undefined;
  #replicas = 0;

  get database(): Database {
    if (this.#database === undefined) throw new Error('the database is not started yet');
    return this.#database;
  }

  async open(url: string): Promise<void> {
    this.#database = openDatabase({ url, applicationName: 'metering-spec', maxConnections: 8 });
    await migrateMetering(this.#database);
  }

  async close(): Promise<void> {
    await this.#endReplicas();
    await this.#database?.close();
  }

  /** One replica of metering; the clock is the test's. */
  openReplica(snapshot: Snapshot, clock: () => number, patch: Partial<AdmissionParts> = {}): SampleReplica {
    const store = new LeaseStore(this.database, leaseMs);
    const way = patch.store ?? store;
    let ticks = 0;
    const admission = new Admission(snapshot, {
      // It goes on a little with each look, for an answer of the database to be later than the question, however slow both are.
      clock: () => clock() + (ticks += tickMs),
      instance: `replica-${(this.#replicas += 1)}`,
      leaseMs,
      patienceMs: 0,
      mostOutputTokens: 512,
      log: { warn: () => undefined, info: () => undefined },
      ...patch,
      store: { renew: (state, asked) => (replica.isOver ? Promise.reject(new Error('the replica is over')) : way.renew(state, asked)) },
    });
    const replica: OpenReplica = { admission, store, isOver: false };
    this.#opened.push(replica);
    return replica;
  }

  async clear(): Promise<void> {
    await this.#endReplicas();
    await this.database.query('TRUNCATE metering.counter, metering.holder, metering.crossing, metering.supplement CASCADE');
  }

  /** What they have still to say must not run into the next test, not even a statement that a timer is still to begin. */
  async #endReplicas(): Promise<void> {
    const replicas = this.#opened.splice(0);
    for (const replica of replicas) replica.isOver = true;
    await Promise.all(replicas.map(({ admission }) => admission.keeper.settled()));
  }
}

/** Starts it before the tests of a file, and stops it after them. */
export function useDatabase(startServer: () => Promise<{ readonly url: string; stop(): Promise<void> }> = startPostgres): SampleDatabase {
  const sample = new SampleDatabase();
  let server: { stop(): Promise<void> } | undefined;
  beforeAll(async () => {
    const started = await startServer();
    server = started;
    await sample.open(started.url);
  });
  beforeEach(() => sample.clear());
  afterAll(async () => {
    await sample.close();
    await server?.stop();
  });
  return sample;
}
