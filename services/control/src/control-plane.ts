import type { KeyValue } from '@sluice/bus';
import { SluiceError } from '@sluice/contracts';
import type { Configuration, Principal } from '@sluice/contracts';
import type { Database, Queryable } from '@sluice/database';
import type { Logger } from 'pino';
import { buildActive, checkStored } from './active.ts';
import type { Active } from './active.ts';
import type { AuditTrail } from './audit-trail.ts';
import { documentSha256 } from './canonical-json.ts';
import { checkKeyRequest } from './check-key-request.ts';
import type { KeyRequest } from './check-key-request.ts';
import type { Environment } from './environment.ts';
import type { ModelCatalog } from './complete-configuration.ts';
import type { FoundProviders } from './discover-providers.ts';
import { Hearsay } from './hearsay.ts';
import { insertKey, readLiveKeys, revokeKey } from './key-store.ts';
import type { KeyRecord } from './key-store.ts';
import { loadConfiguration, loadWritten } from './load-configuration.ts';
import type { LoadResult } from './load-configuration.ts';
import { Publication } from './publication.ts';
import { Serializer } from './serializer.ts';
import { beginChange, readChangedAt } from './state-store.ts';
import { declareKeys, storeActivation } from './store-activation.ts';
import type { Loaded, Origin } from './store-activation.ts';
import { lastFileSha256, latestVersion, readVersion } from './version-store.ts';
import { keyHmac, makeVirtualKey, sha256Hex } from './virtual-key.ts';
import type { RandomBytes } from './virtual-key.ts';

export interface ControlPlaneOptions {
  readonly database: Database;
  /** Opens the bucket anew for each publication: a NATS server that lost its store has none. */
  readonly openBucket: () => Promise<KeyValue>;
  readonly audit: AuditTrail;
  readonly log: Logger;
  readonly environment: Environment;
  readonly pepper: Uint8Array;
  readonly catalog: ModelCatalog;
  readonly discover: () => Promise<FoundProviders>;
  readonly randomBytes: RandomBytes;
  /** A snapshot travels as one message. */
  readonly maxSnapshotBytes: number;
}

export interface Activation {
  readonly version: number;
  /** False where the configuration is the one in force already. */
  readonly changed: boolean;
  readonly load: Loaded;
}

export type ActivationResult = { readonly ok: true; readonly activation: Activation } | Extract<LoadResult, { ok: false }>;

/** Changes wait for each other; more than these would be a client that does not look at its answers. */
const maxWaitingChanges = 64;

/**
 * Holds the configuration and the keys that are in force, and every way to change them. A change is one transaction that reads what it leaves
 * in force: replicas take turns in Postgres, and none makes a snapshot of what it remembers.
 */
export class ControlPlane {
  readonly #options: ControlPlaneOptions;
  readonly #changes = new Serializer(maxWaitingChanges);
  readonly #publication: Publication;
  readonly #hearsay = new Hearsay();
  #active: Active | undefined;

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    this.#publication = new Publication({ openBucket: options.openBucket, active: () => this.#active });
  }

  /** Version in force; undefined until the first is. */
  get version(): number | undefined {
    return this.#active?.stored.version;
  }

  get liveKeys(): number {
    return this.#active?.table.keys.length ?? 0;
  }

  /**
   * From memory; where another replica was heard to have changed something, once that is taken over: ingress, which heard it too, remembers the
   * answer. @throws SluiceError `stage_unavailable` before the first activation
   */
  async authenticate(keySha256: string): Promise<{ readonly principal: Principal | undefined; readonly configVersion: number }> {
    await this.#hearsay.settled;
    const { table, stored } = this.#required();
    return { principal: table.authenticate(keySha256), configVersion: stored.version };
  }

  /** The configuration in force. */
  get configuration(): Configuration {
    return this.#required().configuration;
  }

  /**
   * Activates the file's text. A version that came later by the API stays in force as long as the file is the one that
   * was activated last: a restart, or a file that is only touched, must not undo a rollback.
   */
  async activateFile(text: string): Promise<ActivationResult> {
    const load = loadConfiguration(text, await this.#completion());
    if (!load.ok) return load;
    const fileSha256 = documentSha256(load.asWritten ?? null);
    const kept = await this.#change(async (transaction) => {
      const latest = await latestVersion(transaction);
      const keepsLater = latest !== undefined && latest.source !== 'file' && fileSha256 === (await lastFileSha256(transaction));
      if (!keepsLater) return storeActivation(transaction, load, { author: 'file', source: 'file', fileSha256 }, this.#options);
      await declareKeys(transaction, latest, this.#options);
      this.#options.log.info({ version: latest.version }, 'a later version from the admin API stays in force; the file is unchanged');
      return { version: latest.version, changed: false };
    });
    return this.#activated(kept, load, { author: 'file', source: 'file' });
  }

  /** Activates a text that an admin sent. */
  async activateText(text: string, author: string): Promise<ActivationResult> {
    const load = loadConfiguration(text, await this.#completion());
    if (!load.ok) return load;
    const origin = { author, source: 'api' } as const;
    return this.#activated(await this.#change((transaction) => storeActivation(transaction, load, origin, this.#options)), load, origin);
  }

  /** Makes the document of an earlier version a new one. @throws SluiceError `not_found` where there is no such version */
  async rollBack(version: number, author: string): Promise<ActivationResult> {
    const completion = await this.#completion();
    const target = await readVersion(this.#options.database, version);
    if (target === undefined) throw new SluiceError('not_found', `There is no configuration version ${version}.`, { param: 'version' });
    const load = loadWritten(target.document, completion);
    if (!load.ok) return load;
    const origin = { author, source: 'rollback', rolledBackTo: version } as const;
    return this.#activated(await this.#change((transaction) => storeActivation(transaction, load, origin, this.#options)), load, origin);
  }

  /** Takes what Postgres holds into memory and publishes it: after a start whose file has errors. @returns whether there was a version */
  async resumeStored(): Promise<boolean> {
    return this.#change(async (transaction) => {
      const latest = await latestVersion(transaction);
      if (latest !== undefined) await declareKeys(transaction, latest, this.#options);
      return latest !== undefined;
    });
  }

  /**
   * Takes over what other replicas changed, and publishes what the bucket lacks: what a replica that died after its commit left undone,
   * and what could not be published while NATS was away.
   */
  async reconcile(): Promise<void> {
    if (this.#active === undefined) return;
    await this.#catchUp();
    const later = await this.#publication.run();
    if (later === undefined || (await this.#catchUp())) return;
    // Nothing is published before it is committed, so Postgres has lost a state that the services have.
    this.#options.log.error(
      { published: later, stored: this.#active.activatedAt },
      'the bucket holds a later configuration than Postgres; was an older database restored? What Postgres holds is published',
    );
    await this.#change(() => Promise.resolve(), later);
  }

  /** The bucket holds this now: what another replica changed is in Postgres, and the next {@link reconcile} takes it over. */
  hear(snapshot: Uint8Array): void {
    if (this.#active !== undefined && !Buffer.from(snapshot).equals(this.#active.snapshot)) this.#hearsay.hear();
  }

  /** After NATS was away its bucket may be empty: the next {@link reconcile} looks. */
  distrustBucket(): void {
    this.#publication.forget();
  }

  /** @throws SluiceError where organisation, team, policy or a model does not exist, or the name is taken */
  async createKey(request: KeyRequest, author: string): Promise<{ readonly text: string; readonly record: KeyRecord }> {
    checkKeyRequest(request, this.configuration);
    const { randomBytes, pepper, audit } = this.#options;
    const made = makeVirtualKey(randomBytes);
    const hmac = keyHmac(sha256Hex(made.text), pepper);
    const record = await this.#change(async (transaction) => {
      const inserted = await insertKey(transaction, { ...request, keyId: made.keyId, hmac });
      if (inserted !== undefined) return inserted;
      throw new SluiceError(
        'conflict',
        `Team ${request.team} has a key "${request.name}" already; choose another name, or revoke it first.`,
        { param: 'name' },
      );
    });
    const { organization, team, keyId, name } = record;
    audit.access({ organization, team, keyId, actor: author, action: 'key.create', outcome: 'created', detail: { name } });
    return { text: made.text, record };
  }

  /** Effective before it returns, on this instance. @throws SluiceError `not_found` */
  async revokeKey(keyId: string, author: string): Promise<KeyRecord> {
    const record = await this.#change(async (transaction) => {
      const revoked = await revokeKey(transaction, keyId);
      if (revoked !== undefined) return revoked;
      throw new SluiceError('not_found', 'There is no virtual key with this id; give its public id, key_….', { param: 'keyId' });
    });
    const { organization, team, name } = record;
    this.#options.audit.access({ organization, team, keyId, actor: author, action: 'key.revoke', outcome: 'revoked', detail: { name } });
    return record;
  }

  async #completion(): Promise<{ found: FoundProviders; catalog: ModelCatalog; environment: Environment }> {
    const { catalog, environment, discover } = this.#options;
    return { found: await discover(), catalog, environment };
  }

  /** One change: what it leaves is in force here once this resolves, and published, or will be. @param after the change is later than this */
  async #change<Result>(work: (transaction: Queryable) => Promise<Result>, after?: string): Promise<Result> {
    const changed = await this.#changes.run(async () => {
      const next = await this.#options.database.transaction(async (transaction) => {
        const changedAt = await beginChange(transaction, after);
        const result = await work(transaction);
        // Before the commit: what cannot be published must not be stored.
        return { result, active: await this.#read(transaction, changedAt) };
      });
      this.#active = next.active;
      return next;
    });
    await this.#publishOrLog();
    return changed.result;
  }

  /** @returns whether another replica had changed something */
  async #catchUp(): Promise<boolean> {
    const haveRead = this.#hearsay.beginReading();
    const reading = this.#changes.run(async () => {
      const changedAt = await readChangedAt(this.#options.database);
      if (changedAt === this.#active?.activatedAt) return false;
      this.#active = await this.#read(this.#options.database, changedAt);
      return true;
    });
    return reading.finally(haveRead);
  }

  /** What Postgres holds; undefined before the first version. */
  async #read(database: Queryable, activatedAt: string): Promise<Active | undefined> {
    const stored = await latestVersion(database);
    if (stored === undefined) return undefined;
    const inForce = this.#active;
    const isSame = stored.version === inForce?.stored.version && stored.sha256 === inForce.stored.sha256;
    const configuration = isSame ? inForce.configuration : checkStored(stored);
    return buildActive({ stored, configuration, records: await readLiveKeys(database), activatedAt }, this.#options);
  }

  /** Tells audit and log of an activation that stands. */
  #activated(outcome: { version: number; changed: boolean }, load: Loaded, origin: Origin): ActivationResult {
    const { version, changed } = outcome;
    if (changed) {
      const { author, ...detail } = origin;
      this.#options.audit.configuration({
        actor: author,
        action: 'configuration.activate',
        outcome: 'activated',
        detail: { version, ...detail },
      });
      this.#options.log.info({ version, author, source: origin.source }, 'configuration activated');
    }
    return { ok: true, activation: { version, changed, load } };
  }

  /** A change stands once Postgres has it; where NATS is away {@link reconcile} publishes it later. */
  async #publishOrLog(): Promise<void> {
    try {
      await this.#publication.run();
    } catch (error) {
      this.#options.log.error(
        { err: error, version: this.version },
        'the configuration could not be published; it will be when NATS is back',
      );
    }
  }

  #required(): Active {
    if (this.#active === undefined)
      throw new SluiceError('stage_unavailable', 'Control has no configuration yet: it waits for Postgres.', { stage: 'control' });
    return this.#active;
  }
}
