import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { BusLog } from './stage-surroundings.ts';
import { takeLock } from './spool-lock.ts';
import { segmentsByPublisher } from './spool-segments.ts';
import { SpoolWriter, type SpoolSpace } from './spool-writer.ts';

/** Where a service keeps events that NATS has not stored. */
export interface SpoolOptions {
  /** Folder of the spools of all services. Local to the host, and there after a restart. */
  readonly directory: string;
  /** Most bytes that one process may have in it. */
  readonly maxBytes: number;
}

/** What a process that has ended left behind. It is ours until it is given back. */
export interface AbandonedSpool {
  readonly instance: string;
  readonly folder: string;
  /** Names of segments in the order in which they were written, by publisher. */
  readonly segments: ReadonlyMap<string, readonly string[]>;
  /** Gives it back as it is then: removed, where no segment is left. */
  giveBack(): void;
}

const lockName = 'lock';
/** A folder without a segment may be one that is being made, for so long: its owner has not locked it yet, and must find it when it has. */
const makingMs = 60_000;

/**
 * The folder `<directory>/<service>/<instance>` of one process: its lock, held as long as the process lives, and the segments of its
 * publishers. Processes of one service look for each other's folders and take over those whose lock is free.
 */
export class EventSpool implements SpoolSpace {
  readonly folder: string;
  readonly #parent: string;
  readonly #instance: string;
  readonly #maxBytes: number;
  readonly #log: BusLog;
  readonly #unlock: () => void;
  #bytes = 0;

  /** @throws Error naming the setting where the folder cannot be written or locked */
  constructor({ directory, maxBytes }: SpoolOptions, service: string, instance: string, log: BusLog) {
    this.#parent = join(directory, service);
    this.folder = join(this.#parent, instance);
    this.#instance = instance;
    this.#maxBytes = maxBytes;
    this.#log = log;
    let unlock: (() => void) | undefined;
    try {
      mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      unlock = takeLock(join(this.folder, lockName));
      if (unlock === undefined) throw new Error('its lock is taken');
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(
        `events cannot be spooled to ${this.folder} (${reason}); set SLUICE_SPOOL_DIR to a folder on a local disk that the service may write to, or to "off"`,
        { cause },
      );
    }
    this.#unlock = unlock;
  }

  /** Bytes on disk, of this process. */
  get bytes(): number {
    return this.#bytes;
  }

  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#maxBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }

  writer(publisher: string): SpoolWriter {
    return new SpoolWriter(this, publisher);
  }

  /** Takes over what ended processes of the same service left, at most so many of them; removes folders in which nothing is. */
  takeAbandoned(limit: number, except: ReadonlySet<string>): AbandonedSpool[] {
    const taken: AbandonedSpool[] = [];
    for (const entry of readdirSync(this.#parent, { withFileTypes: true })) {
      const instance = entry.name;
      if (taken.length >= limit) break;
      if (!entry.isDirectory() || instance === this.#instance || except.has(instance)) continue;
      try {
        const found = takeOver(this.#parent, instance);
        if (found !== undefined) taken.push(found);
      } catch (error) {
        // Somebody else may have removed it just now.
        if (existsSync(join(this.#parent, instance))) this.#log.warn({ err: error, instance }, 'a spool cannot be taken over');
      }
    }
    return taken;
  }

  /** Gives the folder up: what is in it is for the next process of the service. */
  close(): void {
    giveBack(this.folder, this.#unlock);
  }
}

function takeOver(parent: string, instance: string): AbandonedSpool | undefined {
  const folder = join(parent, instance);
  const isEmpty = () => segmentsByPublisher(readdirSync(folder)).size === 0;
  if (isEmpty() && Date.now() - statSync(folder).mtimeMs < makingMs) return undefined;
  const unlock = takeLock(join(folder, lockName));
  if (unlock === undefined) return undefined;
  try {
    if (!isEmpty())
      return {
        instance,
        folder,
        segments: segmentsByPublisher(readdirSync(folder)),
        giveBack: () => {
          giveBack(folder, unlock);
        },
      };
  } catch (error) {
    unlock();
    throw error;
  }
  giveBack(folder, unlock);
  return undefined;
}

/** Removed before it is unlocked: whoever waits for the lock finds nothing. */
function giveBack(folder: string, unlock: () => void): void {
  try {
    if (existsSync(folder) && segmentsByPublisher(readdirSync(folder)).size === 0) rmSync(folder, { recursive: true, force: true });
  } finally {
    unlock();
  }
}
