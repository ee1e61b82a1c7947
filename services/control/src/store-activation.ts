import type { ConfigurationInput } from '@sluice/contracts';
import type { Queryable } from '@sluice/database';
import { checkStored } from './active.ts';
import { documentSha256 } from './canonical-json.ts';
import { declaredKeys } from './declared-keys.ts';
import { documentDiff } from './document-diff.ts';
import type { Environment } from './environment.ts';
import { storeDeclaredKeys } from './key-store.ts';
import type { LoadResult } from './load-configuration.ts';
import { insertVersion, latestVersion } from './version-store.ts';
import type { NewVersion, StoredVersion } from './version-store.ts';

export type Loaded = Extract<LoadResult, { ok: true }>;

/** Who activates what, and why. */
export type Origin = Pick<NewVersion, 'author' | 'source'> & { readonly rolledBackTo?: number };

export interface KeySources {
  readonly environment: Environment;
  readonly pepper: Uint8Array;
}

/**
 * Makes a loaded document the latest version, with the keys that it declares; the same content makes no new one. Only within a transaction that
 * has begun a change (`state-store.ts`).
 */
export async function storeActivation(
  transaction: Queryable,
  load: Loaded,
  origin: Origin & Pick<NewVersion, 'fileSha256'>,
  sources: KeySources,
): Promise<{ version: number; changed: boolean }> {
  const document: ConfigurationInput = load.checked.written;
  const sha256 = documentSha256(document);
  const latest = await latestVersion(transaction);
  if (latest?.sha256 === sha256) {
    await declareKeys(transaction, latest, sources);
    return { version: latest.version, changed: false };
  }
  const { version } = await insertVersion(transaction, {
    ...origin,
    document,
    sha256,
    diff: documentDiff(latest?.document ?? {}, document),
  });
  await declareKeys(transaction, { document, version }, sources);
  return { version, changed: true };
}

/** Makes the stored keys of the file those that a version declares; its variables may have other values since it was stored. */
export async function declareKeys(
  transaction: Queryable,
  stored: Pick<StoredVersion, 'document' | 'version'>,
  { environment, pepper }: KeySources,
): Promise<void> {
  await storeDeclaredKeys(transaction, declaredKeys(checkStored(stored), environment, pepper));
}
