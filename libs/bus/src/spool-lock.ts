import { DatabaseSync } from 'node:sqlite';

/** SQLite's code for a lock that somebody else has. */
const busy = 5;

/**
 * Takes a lock that ends with its process, however it ends, and that no other holder on the same disk can have meanwhile, other containers of
 * one host included. Node has no lock of its own for files; SQLite, which it brings, takes one that the kernel gives back at the process's death.
 * @returns what gives it back; undefined where somebody has it
 * @throws Error where the file cannot be written, or its file system knows no locks
 */
export function takeLock(file: string): (() => void) | undefined {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === busy) return undefined;
    throw error;
  }
  return () => {
    if (database.isOpen) database.close();
  };
}
