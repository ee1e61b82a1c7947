import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { SimulationScript } from './simulation-script.ts';
import type { SimulatedWire } from './wires/simulated-wire.ts';

/** Text of the one line of fault `huge-line`. */
const hugeLineCharacters = 4 * 1_048_576;

/** How a delivery ended on this side. `hanging` holds the socket until the client goes. */
export type DeliveryEnd = 'completed' | 'faulted' | 'hanging';

/** Writes an answer body of one document. */
export async function deliverPlain(response: ServerResponse, script: SimulationScript, status: number, body: string): Promise<DeliveryEnd> {
  const { fault } = script;
  const early = faultBeforeHeaders(response, script);
  if (early !== undefined) return early;
  const headers: Record<string, string> = { 'content-type': fault === 'content-type' ? 'text/html; charset=utf-8' : 'application/json' };
  if (status !== 200 && script.retryAfter !== undefined) headers['retry-after'] = script.retryAfter;
  if (fault === 'content-type') {
    response.writeHead(status, headers).end('<html><body><h1>Simulated gateway page</h1></body></html>');
    return 'faulted';
  }
  if (fault === 'malformed') {
    response.writeHead(status, headers).end(body.slice(0, Math.ceil(body.length / 2)));
    return 'faulted';
  }
  const whole = fault === 'huge-line' ? body.replace(/\}$/, `,"padding":"${'x'.repeat(hugeLineCharacters)}"}`) : body;
  headers['content-length'] = String(Buffer.byteLength(whole));
  response.writeHead(status, headers);
  if (fault === 'drip') return drip(response, whole, script.chunkDelayMs);
  if (fault === 'truncate' || fault === 'hang-stream' || fault === 'error-event') {
    await written(response, whole.slice(0, Math.ceil(whole.length / 2)));
    if (fault === 'hang-stream') return 'hanging';
    response.destroy();
    return 'faulted';
  }
  response.end(whole);
  return 'completed';
}

/** Writes a stream of SSE events. */
export async function deliverStream(
  response: ServerResponse,
  script: SimulationScript,
  events: readonly string[],
  wire: Pick<SimulatedWire, 'errorEvent' | 'malformedEvent'>,
): Promise<DeliveryEnd> {
  const { fault } = script;
  const early = faultBeforeHeaders(response, script);
  if (early !== undefined) return early;
  if (fault === 'content-type') return deliverPlain(response, script, 200, '');
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  if (fault === 'drip') return drip(response, events.join(''), script.chunkDelayMs);
  const before = script.faultAfter ?? Math.max(1, Math.floor(events.length / 2));
  const head = events.slice(0, before);
  const tail = events.slice(before);
  switch (fault) {
    case 'hang-stream':
      await pace(response, head, script.chunkDelayMs);
      return 'hanging';
    case 'truncate':
      await pace(response, head, script.chunkDelayMs);
      response.destroy();
      return 'faulted';
    case 'error-event':
      await pace(response, [...head, wire.errorEvent('the simulated provider failed inside the stream')], script.chunkDelayMs);
      response.end();
      return 'faulted';
    case 'malformed':
      await pace(response, [...head, wire.malformedEvent, ...tail], script.chunkDelayMs);
      response.end();
      return 'faulted';
    case 'huge-line':
      await pace(response, [...head, `: ${'x'.repeat(hugeLineCharacters)}\n\n`, ...tail], script.chunkDelayMs);
      response.end();
      return 'faulted';
    default:
      await pace(response, events, script.chunkDelayMs);
      response.end();
      return 'completed';
  }
}

function faultBeforeHeaders(response: ServerResponse, script: SimulationScript): DeliveryEnd | undefined {
  if (script.fault === 'hang') return 'hanging';
  if (script.fault !== 'reset') return undefined;
  response.socket?.resetAndDestroy();
  return 'faulted';
}

/** Without a delay the events go out in one write: under load each write is a system call. */
async function pace(response: ServerResponse, events: readonly string[], delayMs: number): Promise<void> {
  if (delayMs === 0) {
    await written(response, events.join(''));
    return;
  }
  for (const [index, event] of events.entries()) {
    if (index > 0) await delay(delayMs);
    if (response.destroyed) return;
    await written(response, event);
  }
}

/** Byte by byte, so that every reader meets every possible border. */
async function drip(response: ServerResponse, body: string, delayMs: number): Promise<DeliveryEnd> {
  for (const byte of Buffer.from(body)) {
    if (response.destroyed) return 'completed';
    await written(response, Buffer.from([byte]));
    await delay(delayMs);
  }
  response.end();
  return 'completed';
}

/** Resolves when the bytes are with the kernel, or the client is gone. */
function written(response: ServerResponse, data: string | Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) resolve();
    else
      response.write(data, () => {
        resolve();
      });
  });
}
