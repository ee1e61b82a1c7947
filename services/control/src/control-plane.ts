import type { KeyValue } from '@sluice/bus';
import { configurationKey, SluiceError } from '@sluice/contracts';
import type { Configuration, ConfigurationInput, Principal } from '@sluice/contracts';
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
import { declaredKeys } from './declared-keys.ts';
import type { FoundProviders } from './discover-providers.ts';
import { documentDiff } from './document-diff.ts';
import { insertKey, readLiveKeys, revokeKey, storeDeclaredKeys } from './key-store.ts';
import type { KeyRecord } from './key-store.ts';
import { loadConfiguration, loadWritten } from './load-configuration.ts';
import type { LoadResult } from './load-configuration.ts';
import { Serializer } from './serializer.ts';
import { insertVersion, lastFileSha256, latestVersion, lockActivations, readVersion } from './version-store.ts';
import type { NewVersion, StoredVersion } from './version-store.ts';
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
  readonly clock: () => number;
  /** A snapshot travels as one message. */
  readonly maxSnapshotBytes: number;
}

export interface Activation {
  readonly version: number;
  /** False where the configuration is the one in force already. */
  readonly changed: boolean;
  readonly load: Extract<LoadResult, { ok: true }>;
}

export type ActivationResult = { readonly ok: true; readonly activation: Activation } | Extract<LoadResult, { ok: false }>;

/** Changes wait for each other; more than these would be a client that does not look at its answers. */
const maxWaitingChanges = 64;

/** Holds the configuration and the keys that are in force, and every way to change them. */
export class ControlPlane {
  readonly #options: ControlPlaneOptions;
  readonly #changes = new Serializer(maxWaitingChanges);
  #active: Active | undefined;
  #lastActivation = 0;

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
  }

  /** Version in force; undefined until the first is. */
  get version(): number | undefined {
    return this.#active?.stored.version;
  }

  get liveKeys(): number {
    return this.#active?.table.keys.length ?? 0;
  }

  /** From memory. @throws SluiceError `stage_unavailable` before the first activation */
  authenticate(keySha256: string): { readonly principal: Principal | undefined; readonly configVersion: number } {
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
    return this.#changes.run(async () => {
      const { database } = this.#options;
      const latest = await latestVersion(database);
      const keepsLater = latest !== undefined && latest.source !== 'file' && fileSha256 === (await lastFileSha256(database));
      if (keepsLater) {
        this.#options.log.info({ version: latest.version }, 'a later version from the admin API stays in force; the file is unchanged');
        await this.#resume(latest);
        return { ok: true, activation: { version: latest.version, changed: false, load } };
      }
      return { ok: true, activation: await this.#activate(load, { author: 'file', source: 'file', fileSha256 }) };
    });
  }

  /** Activates a text that an admin sent. */
  async activateText(text: string, author: string): Promise<ActivationResult> {
    const load = loadConfiguration(text, await this.#completion());
    if (!load.ok) return load;
    return this.#changes.run(async () => ({ ok: true, activation: await this.#activate(load, { author, source: 'api' }) }));
  }

  /** Makes the document of an earlier version a new one. @throws SluiceError `not_found` where there is no such version */
  async rollBack(version: number, author: string): Promise<ActivationResult> {
    const completion = await this.#completion();
    return this.#changes.run(async () => {
      const target = await readVersion(this.#options.database, version);
      if (target === undefined) throw new SluiceError('not_found', `There is no configuration version ${version}.`, { param: 'version' });
      const load = loadWritten(target.document, completion);
      if (!load.ok) return load;
      return { ok: true, activation: await this.#activate(load, { author, source: 'rollback', rolledBackTo: version }) };
    });
  }

  /** Takes what Postgres holds into memory and publishes it: after a start whose file has errors. @returns whether there was a version */
  async resumeStored(): Promise<boolean> {
    return this.#changes.run(async () => {
      const latest = await latestVersion(this.#options.database);
      if (latest !== undefined) await this.#resume(latest);
      return latest !== undefined;
    });
  }

  /** Another replica published: takes over its version and keys. */
  async followPublished(snapshot: Uint8Array): Promise<void> {
    if (this.#active === undefined || Buffer.from(snapshot).equals(this.#active.snapshot)) return;
    await this.#changes.run(async () => {
      if (this.#active === undefined || Buffer.from(snapshot).equals(this.#active.snapshot)) return;
      const latest = await latestVersion(this.#options.database);
      if (latest !== undefined) await this.#load(this.#options.database, latest);
    });
  }

  /** Publishes what is in force once more: after NATS was away, its bucket may be empty. */
  async publish(): Promise<void> {
    if (this.#active === undefined) return;
    const bucket = await this.#options.openBucket();
    await bucket.put(configurationKey, this.#active.snapshot);
  }

  /** @throws SluiceError where organisation, team, policy or a model does not exist, or the name is taken */
  async createKey(request: KeyRequest, author: string): Promise<{ readonly text: string; readonly record: KeyRecord }> {
    return this.#changes.run(async () => {
      checkKeyRequest(request, this.configuration);
      const { database, randomBytes, pepper, audit } = this.#options;
      const made = makeVirtualKey(randomBytes);
      const record = await insertKey(database, { ...request, keyId: made.keyId, hmac: keyHmac(sha256Hex(made.text), pepper) });
      if (record === undefined) {
        throw new SluiceError(
          'conflict',
          `Team ${request.team} has a key "${request.name}" already; choose another name, or revoke it first.`,
          { param: 'name' },
        );
      }
      await this.#reloadKeys();
      const { organization, team, keyId, name } = record;
      audit.access({ organization, team, keyId, actor: author, action: 'key.create', outcome: 'created', detail: { name } });
      return { text: made.text, record };
    });
  }

  /** Effective before it returns, on this instance. @throws SluiceError `not_found` */
  async revokeKey(keyId: string, author: string): Promise<KeyRecord> {
    return this.#changes.run(async () => {
      const record = await revokeKey(this.#options.database, keyId);
      if (record === undefined)
        throw new SluiceError('not_found', 'There is no virtual key with this id; give its public id, key_….', { param: 'keyId' });
      await this.#reloadKeys();
      const { organization, team, name } = record;
      this.#options.audit.access({ organization, team, keyId, actor: author, action: 'key.revoke', outcome: 'revoked', detail: { name } });
      return record;
    });
  }

  async #completion(): Promise<{ found: FoundProviders; catalog: ModelCatalog; environment: Environment }> {
    const { catalog, environment, discover } = this.#options;
    return { found: await discover(), catalog, environment };
  }

  async #activate(load: Extract<LoadResult, { ok: true }>, origin: Omit<NewVersion, 'document' | 'diff' | 'sha256'>): Promise<Activation> {
    const document: ConfigurationInput = load.checked.written;
    const sha256 = documentSha256(document);
    const { database, audit, log } = this.#options;
    const next = await database.transaction(async (transaction) => {
      await lockActivations(transaction);
      const latest = await latestVersion(transaction);
      if (latest?.sha256 === sha256) return { active: await this.#prepare(transaction, latest), changed: false };
      const entry = { ...origin, document, sha256, diff: documentDiff(latest?.document ?? {}, document) };
      const inserted = await insertVersion(transaction, entry);
      // Compiled before the commit: what cannot be published must not become a version.
      const active = await this.#prepare(transaction, { ...entry, ...inserted, rolledBackTo: origin.rolledBackTo ?? null });
      return { active, changed: true };
    });
    const { version } = next.active.stored;
    this.#active = next.active;
    await this.#publishOrLog();
    if (next.changed) {
      const detail = {
        version,
        source: origin.source,
        ...(origin.rolledBackTo === undefined ? {} : { rolledBackTo: origin.rolledBackTo }),
      };
      audit.configuration({ actor: origin.author, action: 'configuration.activate', outcome: 'activated', detail });
      log.info({ version, author: origin.author, source: origin.source }, 'configuration activated');
    }
    return { version, changed: next.changed, load };
  }

  async #resume(stored: StoredVersion): Promise<void> {
    this.#active = await this.#options.database.transaction((transaction) => this.#prepare(transaction, stored));
    await this.#publishOrLog();
  }

  /** Stores the keys that the document declares, and builds what goes into memory. */
  async #prepare(transaction: Queryable, stored: Active['stored']): Promise<Active> {
    const { environment, pepper } = this.#options;
    const checked = checkStored(stored);
    await storeDeclaredKeys(transaction, declaredKeys(checked, environment, pepper));
    return this.#build(stored, checked, await readLiveKeys(transaction));
  }

  async #load(database: Queryable, stored: StoredVersion): Promise<void> {
    this.#active = this.#build(stored, checkStored(stored), await readLiveKeys(database));
  }

  #build(stored: Active['stored'], configuration: Configuration, records: readonly KeyRecord[]): Active {
    return buildActive({ stored, configuration, records, activatedAt: this.#nextActivation() }, this.#options);
  }

  /** Readers tell snapshots of one version apart by this time, so it grows with each. */
  #nextActivation(): string {
    this.#lastActivation = Math.max(this.#options.clock(), this.#lastActivation + 1);
    return new Date(this.#lastActivation).toISOString();
  }

  async #reloadKeys(): Promise<void> {
    const { stored, configuration } = this.#required();
    this.#active = this.#build(stored, configuration, await readLiveKeys(this.#options.database));
    await this.#publishOrLog();
  }

  /** A change stands once Postgres has it; where NATS is away it is published when the connection is back. */
  async #publishOrLog(): Promise<void> {
    try {
      await this.publish();
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
