import { closeSync, fdatasync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { takeLock } from '@sluice/bus';
import { type Envelope, type ProviderAttempt, usageSubject, type UsageSubject } from '@sluice/contracts';
import type { Logger } from 'pino';

/** A call as it began: what its line in the ledger would be if nobody ever told how it ended. */
export interface JournalledCall {
  readonly subject: UsageSubject;
  /** Epoch ms: by then its request has ended. */
  readonly deadline: number;
  readonly attempt: ProviderAttempt;
}

/** How a call ended. */
export interface JournalledEnd {
  readonly requestId: string;
  readonly attempt: ProviderAttempt;
}

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

interface Segment {
  readonly path: string;
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
  #file: number | undefined;
  #made = 0;
  #bytes = 0;
  #ends = '';
  #endsTimer: NodeJS.Timeout | undefined;
  #full = false;

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
    const call: JournalledCall = { subject: usageSubject(envelope), deadline, attempt };
    this.#append(`B${JSON.stringify(call)}\n`, deadline);
  }

  ended(requestId: string, attempt: ProviderAttempt): void {
    const end: JournalledEnd = { requestId, attempt };
    this.#ends += `E${JSON.stringify(end)}\n`;
    this.#endsTimer ??= setTimeout(() => {
      this.#writeEnds();
    }, endsPauseMs).unref();
  }

  /** Files whose calls' requests must all have ended, oldest first. */
  due(now: number): readonly string[] {
    const current = this.#segments.at(-1);
    if (current !== undefined && this.#file !== undefined && now - current.openedAt >= segmentMs) this.#endSegment();
    const due: string[] = [];
    for (const { path, deadline } of this.#segments) {
      if (deadline > now || (path === this.#segments.at(-1)?.path && this.#file !== undefined)) break;
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
    try {
      const bytes = Buffer.byteLength(text);
      if (this.#bytes + bytes > this.#maxBytes) {
        if (!this.#full)
          this.#log.error(
            { folder: this.folder },
            'the journal of calls is full; calls are made without it until the ledger has caught up',
          );
        this.#full = true;
        return;
      }
      const segment = this.#segment();
      segment.bytes += bytes;
      segment.deadline = Math.max(segment.deadline, deadline);
      this.#bytes += bytes;
      if (this.#file !== undefined) writeSync(this.#file, text);
    } catch (error) {
      this.#endSegment(); // its end may be torn: the next call begins another
      this.#log.error({ err: error, folder: this.folder }, 'a call could not be written to the journal; it is made all the same');
    }
  }

  #segment(): Segment {
    const current = this.#segments.at(-1);
    if (current !== undefined && this.#file !== undefined) {
      if (current.bytes < segmentBytes && this.#clock() - current.openedAt < segmentMs) return current;
      this.#endSegment();
    }
    this.#made += 1;
    const segment = {
      path: join(this.folder, `${String(this.#made).padStart(8, '0')}.calls`),
      openedAt: this.#clock(),
      bytes: 0,
      deadline: 0,
    };
    this.#file = openSync(segment.path, 'ax', 0o600);
    this.#segments.push(segment);
    return segment;
  }

  #endSegment(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
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
