import type { ConfigurationInput } from '@sluice/contracts';
import type { Queryable } from '@sluice/database';
import type { Change } from './document-diff.ts';

export type VersionSource = 'file' | 'api' | 'rollback';

/** One row of the history, without the document. */
export interface VersionSummary {
  readonly version: number;
  readonly author: string;
  readonly activatedAt: string;
  readonly source: VersionSource;
  readonly sha256: string;
  readonly diff: readonly Change[];
  readonly rolledBackTo: number | null;
}

export interface StoredVersion extends VersionSummary {
  readonly document: ConfigurationInput;
}

export interface NewVersion {
  readonly author: string;
  readonly source: VersionSource;
  readonly document: ConfigurationInput;
  readonly diff: readonly Change[];
  readonly sha256: string;
  readonly fileSha256?: string | undefined;
  readonly rolledBackTo?: number | undefined;
}

interface VersionRow extends Omit<VersionSummary, 'activatedAt'> {
  readonly activatedAt: Date;
}

const summaryColumns = `version, author, activated_at AS "activatedAt", source, sha256, diff, rolled_back_to AS "rolledBackTo"`;

function toIso<Row extends VersionRow>(row: Row): Omit<Row, 'activatedAt'> & { readonly activatedAt: string } {
  return { ...row, activatedAt: row.activatedAt.toISOString() };
}

/** The version in force: the one activated last. */
export async function latestVersion(database: Queryable): Promise<StoredVersion | undefined> {
  const rows = await database.query<VersionRow & { document: ConfigurationInput }>(
    `SELECT ${summaryColumns}, document FROM control.configuration_version ORDER BY version DESC LIMIT 1`,
  );
  return rows.map(toIso)[0];
}

export async function readVersion(database: Queryable, version: number): Promise<StoredVersion | undefined> {
  const rows = await database.query<VersionRow & { document: ConfigurationInput }>(
    `SELECT ${summaryColumns}, document FROM control.configuration_version WHERE version = $1`,
    [version],
  );
  return rows.map(toIso)[0];
}

/** Newest first; `before` is exclusive. */
export async function listVersions(database: Queryable, limit: number, before: number | undefined): Promise<VersionSummary[]> {
  const rows = await database.query<VersionRow>(
    `SELECT ${summaryColumns} FROM control.configuration_version WHERE version < $1 ORDER BY version DESC LIMIT $2`,
    [before ?? 2_147_483_647, limit],
  );
  return rows.map(toIso);
}

/** Hash of the file that was activated last, or undefined where none ever was. */
export async function lastFileSha256(database: Queryable): Promise<string | undefined> {
  const rows = await database.query<{ sha256: string }>(
    `SELECT file_sha256 AS sha256 FROM control.configuration_version WHERE file_sha256 IS NOT NULL ORDER BY version DESC LIMIT 1`,
  );
  return rows[0]?.sha256;
}

/** Only within a transaction that has begun a change (`state-store.ts`): two would give the same number. */
export async function insertVersion(transaction: Queryable, version: NewVersion): Promise<{ version: number; activatedAt: string }> {
  const rows = await transaction.query<{ version: number; activatedAt: Date }>(
    `INSERT INTO control.configuration_version (version, author, source, document, diff, sha256, file_sha256, rolled_back_to)
     SELECT coalesce(max(version), 0) + 1, $1, $2, $3::jsonb, $4::jsonb, $5, $6, $7::integer FROM control.configuration_version
     RETURNING version, activated_at AS "activatedAt"`,
    [
      version.author,
      version.source,
      JSON.stringify(version.document),
      JSON.stringify(version.diff),
      version.sha256,
      version.fileSha256 ?? null,
      version.rolledBackTo ?? null,
    ],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('INSERT … RETURNING gave no row');
  return { version: row.version, activatedAt: row.activatedAt.toISOString() };
}
