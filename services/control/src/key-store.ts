import type { BudgetConfig, LimitsConfig } from '@sluice/contracts';
import type { Queryable } from '@sluice/database';

/** A virtual key as it is stored: everything but the key. */
export interface KeyRecord {
  readonly keyId: string;
  readonly name: string;
  readonly organization: string;
  readonly team: string;
  readonly hmac: string;
  /** Names of the models it may use; null: all. */
  readonly models: readonly string[] | null;
  /** Null: the team's. */
  readonly policy: string | null;
  readonly limits: LimitsConfig;
  readonly budgets: readonly BudgetConfig[];
  /** `file`: declared by the configuration; `api`: made by the admin API. */
  readonly source: 'file' | 'api';
  readonly createdAt: string;
  readonly revokedAt: string | null;
}

export type NewKey = Omit<KeyRecord, 'source' | 'createdAt' | 'revokedAt'>;

interface KeyRow extends Omit<KeyRecord, 'createdAt' | 'revokedAt'> {
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
}

const columns = `key_id AS "keyId", name, organization, team, key_hmac AS hmac, models, policy, limits, budgets, source,
  created_at AS "createdAt", revoked_at AS "revokedAt"`;

/** Beyond it the snapshot would not fit into one NATS message of 1 MB; reading stops there with an error. */
const maxLiveKeys = 50_000;

function fromRow(row: KeyRow): KeyRecord {
  return { ...row, createdAt: row.createdAt.toISOString(), revokedAt: row.revokedAt?.toISOString() ?? null };
}

export async function readLiveKeys(database: Queryable): Promise<KeyRecord[]> {
  const rows = await database.query<KeyRow>(
    `SELECT ${columns} FROM control.virtual_key WHERE revoked_at IS NULL ORDER BY created_at, key_id LIMIT $1`,
    [maxLiveKeys + 1],
  );
  if (rows.length > maxLiveKeys) throw new Error(`there are more than ${maxLiveKeys} live virtual keys; revoke those that nobody uses`);
  return rows.map(fromRow);
}

export interface KeyFilter {
  readonly organization?: string | undefined;
  readonly team?: string | undefined;
  readonly includeRevoked: boolean;
  readonly limit: number;
  /** Key id after which the page begins. */
  readonly after?: string | undefined;
}

export async function listKeys(database: Queryable, filter: KeyFilter): Promise<KeyRecord[]> {
  const rows = await database.query<KeyRow>(
    `SELECT ${columns} FROM control.virtual_key
     WHERE ($1::text IS NULL OR organization = $1) AND ($2::text IS NULL OR team = $2)
       AND ($3::boolean OR revoked_at IS NULL) AND key_id > $4
     ORDER BY key_id LIMIT $5`,
    [filter.organization ?? null, filter.team ?? null, filter.includeRevoked, filter.after ?? '', filter.limit],
  );
  return rows.map(fromRow);
}

export async function findLiveKey(database: Queryable, keyId: string): Promise<KeyRecord | undefined> {
  const rows = await database.query<KeyRow>(`SELECT ${columns} FROM control.virtual_key WHERE key_id = $1 AND revoked_at IS NULL`, [keyId]);
  return rows.map(fromRow)[0];
}

/** @returns undefined where the team has a live key of that name from the API */
export async function insertKey(database: Queryable, key: NewKey): Promise<KeyRecord | undefined> {
  const rows = await database.query<KeyRow>(
    `INSERT INTO control.virtual_key (key_id, name, organization, team, key_hmac, models, policy, limits, budgets, source)
     VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8::jsonb, $9::jsonb, 'api') ON CONFLICT DO NOTHING RETURNING ${columns}`,
    [
      key.keyId,
      key.name,
      key.organization,
      key.team,
      key.hmac,
      key.models === null ? null : JSON.stringify(key.models),
      key.policy,
      JSON.stringify(key.limits),
      JSON.stringify(key.budgets),
    ],
  );
  return rows.map(fromRow)[0];
}

/** @returns undefined where no key has this id; a key that was revoked before stays as it was */
export async function revokeKey(database: Queryable, keyId: string): Promise<KeyRecord | undefined> {
  const rows = await database.query<KeyRow>(
    `UPDATE control.virtual_key SET revoked_at = coalesce(revoked_at, now()), revoked_by = 'admin'
     WHERE key_id = $1 RETURNING ${columns}`,
    [keyId],
  );
  return rows.map(fromRow)[0];
}

export interface DeclaredKeys {
  readonly keys: readonly NewKey[];
  /** Declared by the configuration, but their variable is not set here: they stay as they are. */
  readonly unresolved: readonly string[];
}

/**
 * Makes the stored keys of source `file` those that the configuration declares; others are revoked. What an admin revoked
 * stays revoked until its value changes: a reload must not bring a leaked key back.
 */
export async function storeDeclaredKeys(transaction: Queryable, { keys, unresolved }: DeclaredKeys): Promise<void> {
  const declared = [...keys.map((key) => key.keyId), ...unresolved];
  await transaction.query(
    `UPDATE control.virtual_key SET revoked_at = now(), revoked_by = 'file'
     WHERE source = 'file' AND revoked_at IS NULL AND NOT (key_id = ANY ($1::text[]))`,
    [declared],
  );
  if (keys.length === 0) return;
  await transaction.query(
    `INSERT INTO control.virtual_key AS stored (key_id, name, organization, team, key_hmac, models, policy, limits, budgets, source)
     SELECT "keyId", name, organization, team, hmac, models, policy, limits, budgets, 'file'
     FROM jsonb_to_recordset($1::jsonb) AS entry("keyId" text, name text, organization text, team text, hmac text,
       models jsonb, policy text, limits jsonb, budgets jsonb)
     ON CONFLICT (key_id) DO UPDATE SET key_hmac = excluded.key_hmac, models = excluded.models, policy = excluded.policy,
       limits = excluded.limits, budgets = excluded.budgets,
       revoked_at = CASE WHEN stored.revoked_by = 'admin' AND stored.key_hmac = excluded.key_hmac THEN stored.revoked_at END,
       revoked_by = CASE WHEN stored.revoked_by = 'admin' AND stored.key_hmac = excluded.key_hmac THEN stored.revoked_by END`,
    [JSON.stringify(keys)],
  );
}
