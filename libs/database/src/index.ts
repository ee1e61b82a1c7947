export type * from './database.ts';
export { isUnreachable, sqlStateOf } from './database-error.ts';
export { migrate, type MigrateOptions } from './migrate.ts';
export { openDatabase } from './open-database.ts';
