import { close, closeSync, fdatasync, fdatasyncSync, ftruncateSync, fsync, open, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { EventFlow } from './event-flow.ts';
import { encodeRecord, segmentHead } from './spool-record.ts';
import { segmentName } from './spool-segments.ts';

/** A segment that has reached this size is followed by another, so that what is stored meanwhile can be deleted. */
const segmentLimitBytes = 4 * 1024 * 1024;
/** What waits is written in pieces of about this size. */
const pieceBytes = 256 * 1024;

/** Room for the segments of all publishers of a process. */
export interface SpoolSpace {
  readonly folder: string;
  /** Whether there is room for so many bytes more; if so they are taken. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

export interface Appended {
  /** Number up to which the events are on disk now. */
  readonly written: number;
  /** Why not all of them are: an error of the file system, or no room. */
  readonly failure: unknown;
}

interface Segment {
  readonly path: string;
  bytes: number;
  /** Number of the last event in it. */
  last: number;
}

/**
 * Appends the open events of one publisher to segments on disk. What {@link append} says is on disk outlives the process, since it is
 * in the kernel's hands; {@link sync} makes it outlive the machine. Nothing is read back: the process has it in memory as long as it lives.
 */
export class SpoolWriter {
  readonly #space: SpoolSpace;
  readonly #name: string;
  readonly #segments: Segment[] = [];
  #made = 0;
  /** Of the last segment; undefined where the next event begins another. */
  #file: number | undefined;
  /** Bytes of it that hold whole events; what a failed write left behind them is cut off. */
  #length = 0;
  #dirty = false;
  /** Its name is not yet kept by the folder. */
  #isNew = false;

  /** @param name of the publisher, one word */
  constructor(space: SpoolSpace, name: string) {
    this.#space = space;
    this.#name = name;
  }

  get isEmpty(): boolean {
    return this.#segments.length === 0;
  }

  /** Appends all open events behind the number `after`. What was not written is to be tried again with {@link Appended.written}. */
  append(flow: Pick<EventFlow, 'get' | 'oldest' | 'last'>, after: number): Appended {
    let written = after;
    let piece: Buffer[] = [];
    let bytes = 0;
    for (let number = Math.max(after + 1, flow.oldest); number <= flow.last; number += 1) {
      const event = flow.get(number);
      if (event !== undefined) {
        const record = encodeRecord(event);
        piece.push(record);
        bytes += record.byteLength;
      }
      if (bytes < pieceBytes && number < flow.last) continue;
      try {
        if (bytes > 0) this.#write(Buffer.concat(piece, bytes), number);
      } catch (failure) {
        return { written, failure };
      }
      written = number;
      piece = [];
      bytes = 0;
    }
    return { written, failure: undefined };
  }

  /** Deletes the segments whose events are all below the number `oldest`. */
  release(oldest: number): void {
    for (let segment = this.#segments[0]; segment !== undefined && segment.last < oldest; segment = this.#segments[0]) {
      if (this.#segments.length === 1) this.#closeFile();
      this.#segments.shift();
      this.#space.give(segment.bytes);
      rmSync(segment.path, { force: true });
    }
  }

  /** Asks the disk to keep what was appended, and does not wait for it; what failed is asked for again. */
  sync(): void {
    if (!this.#dirty || this.#file === undefined) return;
    this.#dirty = false;
    const failed = (error: Error | null): void => {
      if (error !== null) this.#dirty = true;
    };
    fdatasync(this.#file, failed);
    if (!this.#isNew) return;
    this.#isNew = false;
    const unnamed = (error: Error | null): void => {
      if (error !== null) this.#isNew = this.#dirty = true;
    };
    open(this.#space.folder, (error, folder) => {
      unnamed(error);
      if (error === null) {
        fsync(folder, (unkept) => {
          unnamed(unkept);
          close(folder);
        });
      }
    });
  }

  /** Waits until the disk has kept what was appended. Another event would begin another segment. */
  close(): void {
    if (this.#file !== undefined && this.#dirty) fdatasyncSync(this.#file);
    this.#closeFile();
  }

  /** @throws Error where there is no room, or of the file system; then nothing of it is in the segment */
  #write(bytes: Buffer, last: number): void {
    const current = this.#segments.at(-1);
    if (current !== undefined && current.bytes >= segmentLimitBytes) this.#endSegment();
    if (!this.#space.take(bytes.byteLength)) throw new Error('it has reached its size');
    let segment: Segment | undefined;
    try {
      segment = this.#file === undefined || current === undefined ? this.#beginSegment() : current;
      this.#writeWhole(this.#length === 0 ? Buffer.concat([segmentHead, bytes]) : bytes);
    } catch (error) {
      // Where the torn end cannot be cut off nothing may follow it; its room stays taken, so that a broken disk is not filled with such files.
      if (segment === undefined || this.#cutTorn()) this.#space.give(bytes.byteLength);
      else segment.bytes += bytes.byteLength;
      throw error;
    }
    segment.bytes += bytes.byteLength;
    segment.last = last;
  }

  #beginSegment(): Segment {
    this.#made += 1;
    const path = join(this.#space.folder, segmentName(this.#name, this.#made));
    this.#file = openSync(path, 'wx', 0o600);
    this.#length = 0;
    const segment = { path, bytes: 0, last: 0 };
    this.#segments.push(segment);
    this.#isNew = true;
    return segment;
  }

  #writeWhole(bytes: Uint8Array): void {
    if (this.#file === undefined) throw new Error('no segment is open');
    this.#dirty = true;
    for (let start = 0; start < bytes.byteLength;)
      start += writeSync(this.#file, bytes, start, bytes.byteLength - start, this.#length + start);
    this.#length += bytes.byteLength;
  }

  #cutTorn(): boolean {
    try {
      if (this.#file !== undefined) ftruncateSync(this.#file, this.#length);
      return true;
    } catch {
      this.#endSegment();
      return false;
    }
  }

  /** The next event begins another segment; the disk keeps this one in its own time, and the event loop goes on. */
  #endSegment(): void {
    if (this.#file === undefined) return;
    const file = this.#file;
    this.#file = undefined;
    this.#dirty = false;
    fdatasync(file, () => {
      close(file);
    });
  }

  #closeFile(): void {
    if (this.#file === undefined) return;
    closeSync(this.#file);
    this.#file = undefined;
    this.#dirty = false;
  }
}
