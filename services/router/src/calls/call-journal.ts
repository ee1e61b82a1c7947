import { closeSync, fdatasync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { takeLock } from '@sluice/bus';
import { type Envelope, type ProviderAttempt, usageSubject } from '@sluice/contracts';
import type { Logger } from 'pino';
import { callLine, endLine } from './journal-lines.ts';

export interface JournalOptions {
  /** Of the journals of all routers of this host: local, and there after a restart. */
  readonly directory: string;
  readonly instance: string;
  /** Most that this process may have in it; beyond it calls go on unwritten. */
  readonly maxBytes: number;
}

/** A file takes calls for so long, or until it has so many bytes, and is checked as a whole. */
const segmentMs = 5_000;
const segmentBytes = 1_048_576;
/** Ends are written together: one that is lost with its process is estimated. */
const endsPauseMs = 200;
/** A call is given up at its deadline, and its end is written by then. */
export const endsWithinMs = 1_000;
/** After a write that failed calls go on unwritten for so long: on a full disk each would make another file. */
const retryMs = 5_000;

interface Segment {
  readonly path: string;
  /** While it takes calls. */
  file: number | undefined;
  readonly openedAt: number;
  bytes: number;
  /** The latest of its calls. */
  deadline: number;
}

/**
 * The calls of one process, on disk before they are made: what it writes outlives it, since the kernel has it. So a call whose answer
 * never reached ingress, or whose router died, is still known, and can be held against the ledger once its request must have ended.
 */
export class CallJournal {
  readonly folder: string;
  readonly #clock: () => number;
  readonly #log: Pick<Logger, 'error'>;
  readonly #maxBytes: number;
  readonly #unlock: () => void;
  readonly #segments: Segment[] = [];
  #made = 0;
  #bytes = 0;
  #ends = '';
  #endsTimer: NodeJS.Timeout | undefined;
  #full = false;
  #brokenUntil = 0;

  /** @throws Error where the folder cannot be written or locked */
  constructor({ directory, instance, maxBytes }: JournalOptions, clock: () => number, log: Pick<Logger, 'error'>) {
    this.folder = join(directory, instance);
    this.#clock = clock;
    this.#log = log;
    this.#maxBytes = maxBytes;
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const unlock = takeLock(join(this.folder, lockName));
    if (unlock === undefined) throw new Error(`another process has ${this.folder}`);
    this.#unlock = unlock;
  }

  /** Before the call's first byte leaves. */
  begun(envelope: Envelope, deadline: number, attempt: ProviderAttempt): void {
    this.#append(callLine({ subject: usageSubject(envelope), deadline, attempt }), deadline);
  }

  ended(requestId: string, attempt: ProviderAttempt): void {
    this.#ends += endLine({ requestId, attempt });
    this.#endsTimer ??= setTimeout(() => {
      this.#writeEnds();
    }, endsPauseMs).unref();
  }

  /** Files whose calls' requests must all have ended, oldest first. */
  due(now: number): readonly string[] {
    const current = this.#segments.at(-1);
    if (current !== undefined && now - current.openedAt >= segmentMs) this.#endSegment();
    const due: string[] = [];
    for (const { path, file, deadline } of this.#segments) {
      if (deadline + endsWithinMs > now || file !== undefined) break;
      due.push(path);
    }
    return due;
  }

  /** All of them, for ends that were written after their calls. */
  files(): readonly string[] {
    this.#writeEnds();
    return this.#segments.map(({ path }) => path);
  }

  /** Every call of it is in the ledger. */
  delete(path: string): void {
    const place = this.#segments.findIndex((segment) => segment.path === path);
    const [segment] = place < 0 ? [] : this.#segments.splice(place, 1);
    if (segment !== undefined) this.#bytes -= segment.bytes;
    rmSync(path, { force: true });
    this.#full = false;
  }

  /** What is in it then is for the next router of this host. */
  close(): void {
    clearTimeout(this.#endsTimer);
    this.#writeEnds();
    this.#endSegment();
    if (this.#segments.length === 0) rmSync(this.folder, { recursive: true, force: true });
    this.#unlock();
  }

  #writeEnds(): void {
    clearTimeout(this.#endsTimer);
    this.#endsTimer = undefined;
    const text = this.#ends;
    this.#ends = '';
    if (text !== '') this.#append(text, 0);
  }

  #append(text: string, deadline: number): void {
    const now = this.#clock();
    if (now < this.#brokenUntil) return;
    const bytes = Buffer.byteLength(text);
    if (this.#bytes + bytes > this.#maxBytes) {
      if (!this.#full)
        this.#log.error({ folder: this.folder }, 'the journal of calls is full; calls are made without it until the ledger has caught up');
      this.#full = true;
      return;
    }
    try {
      const [segment, file] = this.#openSegment(now);
      segment.bytes += bytes;
      segment.deadline = Math.max(segment.deadline, deadline);
      this.#bytes += bytes;
      if (writeSync(file, text) < bytes) throw new Error('only a part of it was written');
    } catch (error) {
      this.#endSegment(); // its end may be torn: the next call begins another
      this.#brokenUntil = now + retryMs;
      this.#log.error(
        { err: error, folder: this.folder, retryMs },
        'the journal of calls cannot be written; calls are made without it for a moment',
      );
    }
  }

  /** The segment that takes calls, and its file. */
  #openSegment(now: number): readonly [Segment, number] {
    const current = this.#segments.at(-1);
    if (current?.file !== undefined) {
      if (current.bytes < segmentBytes && now - current.openedAt < segmentMs) return [current, current.file];
      this.#endSegment();
    }
    this.#made += 1;
    const path = join(this.folder, `${String(this.#made).padStart(8, '0')}.calls`);
    const file = openSync(path, 'ax', 0o600);
    const segment = { path, file, openedAt: now, bytes: 0, deadline: 0 };
    this.#segments.push(segment);
    return [segment, file];
  }

  #endSegment(): void {
    const current = this.#segments.at(-1);
    const file = current?.file;
    if (current === undefined || file === undefined) return;
    current.file = undefined;
    fdatasync(file, () => {
      closeSync(file);
    });
  }
}

export const lockName = 'lock';

/** Names of a journal's files, oldest first. */
export function segmentNames(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.calls'))
    .sort();
}
