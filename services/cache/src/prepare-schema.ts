import { SluiceError } from '@sluice/contracts';
import { migrate, type Database } from '@sluice/database';

export interface SchemaOptions {
  /** How long to wait for a database that does not answer. */
  readonly waitMs: number;
  /** Called once where the extension cannot be had. */
  readonly onNoVector: (error: unknown) => void;
}

/** Applies the migrations; says whether vectors can be stored. */
export async function prepareSchema(database: Database, { waitMs, onNoVector }: SchemaOptions): Promise<{ readonly vector: boolean }> {
  await migrate(database, { service: 'cache', directory: new URL('../migrations/', import.meta.url), waitMs });
  try {
    await database.transaction(async (transaction) => {
      // IF NOT EXISTS does not keep two sessions from creating it at once: one of them would fail on a unique index.
      await transaction.query(`select pg_advisory_xact_lock(hashtext('sluice cache vector'))`);
      await transaction.query('create extension if not exists vector');
    });
    await migrate(database, { service: 'cache-vector', directory: new URL('../migrations-vector/', import.meta.url), waitMs });
    return { vector: true };
  } catch (error) {
    // Away is not the same as without: then it is asked again later.
    if (error instanceof SluiceError && error.code === 'stage_unavailable') throw error;
    onNoVector(error);
    return { vector: false };
  }
}
