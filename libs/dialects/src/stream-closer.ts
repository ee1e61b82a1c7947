import type { TokenUsage } from '@sluice/contracts';
import type { SseEvent } from './sse-parser.ts';

/**
 * Follows a stream that passes to the client as bytes, so that it can be ended, properly, before its provider ends it.
 * A tool call whose input is under way stays cut where it is, as providers leave it that meet their own limit: a call
 * that was made whole by us might be carried out.
 */
export interface StreamCloser {
  /**
   * Reads one event, before it is decided whether it goes to the client.
   * @returns UTF-8 bytes that the model wrote in it: text, thoughts, and input of tool calls
   */
  read(event: SseEvent): number;
  /**
   * The event that was read last goes to the client; one that is not passed on has no part in the end.
   * @throws SluiceError `provider_error` where the answer grows over its bound
   */
  pass(): void;
  /** Whole events that end the answer as one that met its output limit. What is open is closed. Once, and nothing may follow. */
  close(usage: TokenUsage): Uint8Array;
  /** True once the provider itself has said how the answer ends: there is nothing left to close. */
  readonly ended: boolean;
}

/** Members that are no text of the model's. */
const unwritten = new Set(['type', 'id', 'index', 'signature', 'format', 'url', 'image_url']);

/** Nesting of a written value that is looked through; what lies deeper is not counted. */
const maxDepth = 8;

/** UTF-8 bytes of a text, of the texts in a list of parts, or of the values of an object's members. */
export function bytesWritten(value: unknown, depth = 0): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value !== 'object' || value === null || depth > maxDepth) return 0;
  let bytes = 0;
  for (const [name, member] of Object.entries(value)) if (!unwritten.has(name)) bytes += bytesWritten(member, depth + 1);
  return bytes;
}
