import { SluiceError } from '@sluice/contracts';
import type { Configuration } from '@sluice/contracts';
import type { Environment } from './environment.ts';
import { checkSchema } from './check-schema.ts';
import { compileSnapshot } from './compile-snapshot.ts';
import type { KeyRecord } from './key-store.ts';
import { KeyTable } from './key-table.ts';
import type { StoredVersion } from './version-store.ts';

/** Room for the headers of a NATS message. */
const messageHeadroomBytes = 4_096;

/** What is in force, in memory: authentication and publication need no database. */
export interface Active {
  readonly stored: Omit<StoredVersion, 'diff'>;
  readonly configuration: Configuration;
  readonly table: KeyTable;
  /** When it came into force, as Postgres says: the order of what is published. */
  readonly activatedAt: string;
  /** The published bytes. */
  readonly snapshot: Uint8Array;
}

export interface ActiveParts {
  readonly stored: Active['stored'];
  readonly configuration: Configuration;
  readonly records: readonly KeyRecord[];
  readonly activatedAt: string;
}

export interface ActiveOptions {
  readonly environment: Environment;
  readonly pepper: Uint8Array;
  readonly maxSnapshotBytes: number;
}

/** @throws SluiceError `conflict` where an earlier release stored what this one does not read */
export function checkStored(stored: Pick<StoredVersion, 'document' | 'version'>): Configuration {
  const result = checkSchema(stored.document);
  if (result.ok) return result.checked.configuration;
  throw new SluiceError('conflict', `Configuration version ${stored.version} does not fit this release; activate a corrected one.`, {
    param: 'version',
  });
}

/** @throws SluiceError `request_too_large` where the snapshot does not fit into one NATS message */
export function buildActive({ stored, configuration, records, activatedAt }: ActiveParts, options: ActiveOptions): Active {
  const { environment, pepper, maxSnapshotBytes } = options;
  const table = new KeyTable(records, configuration, pepper);
  const { version } = stored;
  const snapshot = Buffer.from(JSON.stringify(compileSnapshot({ version, activatedAt, configuration, keys: table.keys, environment })));
  if (snapshot.byteLength > maxSnapshotBytes - messageHeadroomBytes) {
    throw new SluiceError(
      'request_too_large',
      `The compiled configuration is ${snapshot.byteLength} bytes and NATS carries ${maxSnapshotBytes}; raise max_payload of the NATS server, or list fewer models or keys.`,
    );
  }
  return { stored, configuration, table, activatedAt, snapshot };
}
