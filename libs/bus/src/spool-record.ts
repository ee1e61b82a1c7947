import { crc32 } from 'node:zlib';
import type { TraceContext } from './bus.ts';

/** An event as it is published, again and again until it is stored. */
export interface OutgoingEvent {
  readonly subject: string;
  /** The stream's key against repeats. */
  readonly id: string;
  /** The whole CloudEvent, its source and sequence included. */
  readonly text: string;
  readonly trace: TraceContext | undefined;
}

export interface ReadSegment {
  readonly events: readonly OutgoingEvent[];
  /** Bytes at the end that are no record: a write was torn when its process or its machine went down. */
  readonly tornBytes: number;
}

/** First bytes of every segment. A segment of another version is not touched. */
export const segmentHead = Buffer.from('sluice-events/1\n', 'latin1');
/** Length and CRC-32 of what follows, each a big-endian 32-bit number. */
const recordHeadBytes = 8;

/** One event on disk: length, CRC-32, then `[subject, id, traceparent, tracestate]` as JSON, a line break and the event's text. */
export function encodeRecord({ subject, id, text, trace }: OutgoingEvent): Buffer {
  const body = `${JSON.stringify([subject, id, trace?.traceparent, trace?.tracestate])}\n${text}`;
  const record = Buffer.allocUnsafe(recordHeadBytes + Buffer.byteLength(body));
  record.write(body, recordHeadBytes);
  record.writeUInt32BE(record.byteLength - recordHeadBytes, 0);
  record.writeUInt32BE(crc32(record.subarray(recordHeadBytes)), 4);
  return record;
}

/**
 * Reads a segment up to its end or to the first record that is not whole. Nothing behind such a record is read: the writer
 * goes on in another segment after a write that failed.
 * @returns undefined where the segment is of another version
 */
export function readSegment(bytes: Buffer): ReadSegment | undefined {
  const head = bytes.subarray(0, segmentHead.byteLength);
  if (!head.equals(segmentHead))
    return segmentHead.subarray(0, head.byteLength).equals(head) ? { events: [], tornBytes: head.byteLength } : undefined;
  const events: OutgoingEvent[] = [];
  let start = segmentHead.byteLength;
  while (start + recordHeadBytes <= bytes.byteLength) {
    const end = start + recordHeadBytes + bytes.readUInt32BE(start);
    if (end > bytes.byteLength) break;
    const body = bytes.subarray(start + recordHeadBytes, end);
    if (crc32(body) !== bytes.readUInt32BE(start + 4)) break;
    const event = parseBody(body.toString());
    if (event === undefined) break;
    events.push(event);
    start = end;
  }
  return { events, tornBytes: bytes.byteLength - start };
}

function parseBody(body: string): OutgoingEvent | undefined {
  const lineEnd = body.indexOf('\n');
  let head: unknown;
  try {
    head = JSON.parse(body.slice(0, lineEnd));
  } catch {
    return undefined;
  }
  if (lineEnd === -1 || !Array.isArray(head)) return undefined;
  const [subject, id, traceparent, tracestate] = head as unknown[];
  if (typeof subject !== 'string' || typeof id !== 'string') return undefined;
  const trace =
    typeof traceparent === 'string' ? { traceparent, tracestate: typeof tracestate === 'string' ? tracestate : undefined } : undefined;
  return { subject, id, text: body.slice(lineEnd + 1), trace };
}
