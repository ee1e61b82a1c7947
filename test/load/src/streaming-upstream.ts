import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicNs, writeStamp } from './stamped-text.ts';
import { upstreamModel } from './upstream.ts';

/** How a stream is paced; the first words of the prompt say it, for a gateway need not pass headers on. */
export interface Pace {
  readonly chunks: number;
  /** Before each chunk, the first included. */
  readonly intervalMs: number;
}

const maxChunks = 10_000;
const maxBodyBytes = 1_048_576;

/** First line of a prompt that asks for a pace. Plain words, so that no detector sees more in it than there is. */
export function paceLine({ chunks, intervalMs }: Pace): string {
  return `Stream ${chunks} chunks, one each ${intervalMs} ms.`;
}

/** @returns undefined where the prompt asks for none */
function readPace(body: string): Pace | undefined {
  const [, chunks, intervalMs] = /Stream (\d{1,5}) chunks, one each (\d{1,5}) ms\./.exec(body) ?? [];
  if (chunks === undefined || intervalMs === undefined || Number(chunks) > maxChunks) return undefined;
  return { chunks: Number(chunks), intervalMs: Number(intervalMs) };
}

/** A model that streams stamped chunks at a known pace, in OpenAI's format. @returns its base address and how to end it */
export async function startStreamingUpstream(port: number): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer({ keepAliveTimeout: 300_000, requestTimeout: 0, noDelay: true }, (request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', 4096, resolve);
  });
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? port) : port}/v1`;
  return {
    url,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const receivedNs = monotonicNs();
  if (request.method === 'GET') {
    request.resume();
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ object: 'list', data: [{ id: upstreamModel, object: 'model', created: 1, owned_by: 'bench' }] }));
    return;
  }
  const pace = readPace(await readBody(request));
  if (pace === undefined) {
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message: 'the prompt states no pace', type: 'invalid_request_error' } }));
    return;
  }
  await stream(response, pace, receivedNs);
}

async function stream(response: ServerResponse, { chunks, intervalMs }: Pace, receivedNs: bigint): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  const startedAt = performance.now();
  for (let index = 0; index < chunks; index += 1) {
    // Paced from the start, so that late timers do not add up.
    await delay(Math.max(0, startedAt + (index + 1) * intervalMs - performance.now()));
    if (response.destroyed) return;
    const content = writeStamp({ receivedNs, writtenNs: monotonicNs() });
    response.write(chunk({ delta: index === 0 ? { role: 'assistant', content } : { content } }));
  }
  const usage = { prompt_tokens: 120, completion_tokens: chunks, total_tokens: 120 + chunks };
  response.end(`${chunk({ delta: {}, finish_reason: 'stop' })}${event({ choices: [], usage })}data: [DONE]\n\n`);
}

function chunk(choice: Readonly<Record<string, unknown>>): string {
  return event({ choices: [{ index: 0, finish_reason: null, ...choice }] });
}

function event(members: Readonly<Record<string, unknown>>): string {
  const head = { id: 'chatcmpl-paced', object: 'chat.completion.chunk', created: 1_767_225_600, model: upstreamModel };
  return `data: ${JSON.stringify({ ...head, ...members })}\n\n`;
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = '';
  request.setEncoding('utf8');
  for await (const part of request) {
    text += String(part);
    if (text.length > maxBodyBytes) throw new Error('the body is too long');
  }
  return text;
}
