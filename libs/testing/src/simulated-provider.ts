import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { answerChat } from './simulated-answer.ts';
import { SimulatedCalls, type SimulatedCall } from './simulated-calls.ts';
import { deliverPlain, deliverStream, type DeliveryEnd } from './simulated-delivery.ts';
import { answerEmbeddings } from './simulated-embedding.ts';
import { membersOf, readChatRequest } from './simulated-request.ts';
import { completionOf, errorOf, streamOf } from './simulated-wire.ts';
import { readScript, type ScriptLookup, type SimulationScript } from './simulation-script.ts';

export interface SimulatedProviderOptions {
  /** Absent or 0: a free one. */
  readonly port?: number;
  /** Name of this instance, for scripts such as `b:500`; `sim` unless told. */
  readonly name?: string;
  /** Seconds since the epoch for `created`; fixed unless told, so that the same request gives the same bytes. */
  readonly createdSeconds?: () => number;
}

export interface SimulatedProvider {
  /** Base address for a client; ends in `/v1`. */
  readonly url: string;
  /** The last calls, oldest first. */
  calls(): SimulatedCall[];
  clearCalls(): void;
  /** Ends every connection at once. */
  stop(): Promise<void>;
}

const maxBodyBytes = 64 * 1_048_576;
/** Keys of `x-sim-key` that are counted; the oldest is forgotten first. */
const maxKeys = 10_000;
const models = ['sim', 'sim-small', 'sim-embedding'];

/** Starts an OpenAI-compatible provider on 127.0.0.1 that answers by a fixed rule and misbehaves as request headers script it. */
export async function startSimulatedProvider(options: SimulatedProviderOptions = {}): Promise<SimulatedProvider> {
  const calls = new SimulatedCalls();
  const handler = new ProviderHandler(calls, options.name ?? 'sim', options.createdSeconds ?? (() => 1_767_225_600));
  // A gateway keeps its connections; ending idle ones at the usual 5 s would make resets that no script asked for.
  const server = createServer({ keepAliveTimeout: 120_000, requestTimeout: 0, noDelay: true }, (request, response) => {
    void handler.handle(request, response);
  });
  const port = await listen(server, options.port ?? 0);
  return {
    url: `http://127.0.0.1:${port}/v1`,
    calls: () => calls.list(),
    clearCalls: () => {
      calls.clear();
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

class ProviderHandler {
  readonly #calls: SimulatedCalls;
  readonly #instance: string;
  readonly #createdSeconds: () => number;
  readonly #callsOfKey = new Map<string, number>();

  constructor(calls: SimulatedCalls, instance: string, createdSeconds: () => number) {
    this.#calls = calls;
    this.#instance = instance;
    this.#createdSeconds = createdSeconds;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    if (path === '/_sim/calls') this.#serveCalls(request, response);
    else if (request.method === 'GET' && path === '/v1/models') this.#serveModels(response);
    else if (request.method === 'POST' && (path === '/v1/chat/completions' || path === '/v1/embeddings'))
      await this.#answer(request, response, path);
    else if (path === '/healthz') sendJson(response, 200, '{"status":"ok"}');
    else sendJson(response, 404, errorOf(404, `no route ${request.method ?? ''} ${path}`));
  }

  async #answer(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const header = (name: string) => {
      const value = request.headers[name];
      return Array.isArray(value) ? value.join(',') : value;
    };
    const call = this.#calls.add({
      at: Date.now(),
      instance: this.#instance,
      path,
      requestId: header('x-sluice-request-id'),
      attempt: header('x-sluice-attempt'),
      key: header('x-sim-key'),
    });
    response.once('close', () => {
      if (call.outcome === 'running') call.outcome = response.writableFinished ? 'completed' : 'aborted';
    });
    const text = await readBody(request);
    if (text === undefined) return;
    this.#calls.keepBody(call, text, Buffer.byteLength(text));
    const body = parse(text);
    if (body === undefined) {
      call.status = 400;
      sendJson(response, 400, errorOf(400, 'the body is not JSON'));
      return;
    }
    call.status = 200;
    try {
      const end = await this.#serve(call, body, scriptLookup(header, body), response);
      if (end === 'faulted') call.outcome = 'faulted';
    } catch (error) {
      call.status = 400;
      if (!response.headersSent) sendJson(response, 400, errorOf(400, error instanceof Error ? error.message : 'unreadable'));
      else response.destroy();
    }
  }

  async #serve(call: SimulatedCall, body: unknown, lookup: ScriptLookup, response: ServerResponse): Promise<DeliveryEnd> {
    const script = readScript(lookup, this.#instance, this.#count(lookup('x-sim-key') ?? ''));
    if (script.latencyMs > 0) await delay(script.latencyMs);
    if (response.destroyed) return 'completed';
    if (script.status >= 400) {
      call.status = script.status;
      return deliverPlain(
        response,
        script,
        script.status,
        errorOf(script.status, `the simulated provider was told to answer ${script.status}`),
      );
    }
    return call.path === '/v1/embeddings' ? this.#embeddings(call, body, script, response) : this.#chat(call, body, script, response);
  }

  async #chat(call: SimulatedCall, body: unknown, script: SimulationScript, response: ServerResponse): Promise<DeliveryEnd> {
    const request = readChatRequest(body);
    if (typeof request === 'string') return refuse(call, response, request);
    call.model = request.model;
    call.stream = request.stream;
    const answer = answerChat(request, script.outputTokens);
    const head = { id: answer.id, created: this.#createdSeconds(), model: request.model };
    if (!request.stream) return deliverPlain(response, script, 200, completionOf(head, answer));
    return deliverStream(response, script, streamOf(head, answer, request.includeUsage, script.chunkCharacters));
  }

  async #embeddings(call: SimulatedCall, body: unknown, script: SimulationScript, response: ServerResponse): Promise<DeliveryEnd> {
    const answer = answerEmbeddings(body);
    if (typeof answer === 'string') return refuse(call, response, answer);
    call.model = answer.model;
    return deliverPlain(response, script, 200, answer.body);
  }

  #count(key: string): number {
    const count = (this.#callsOfKey.get(key) ?? 0) + 1;
    this.#callsOfKey.set(key, count);
    const [oldest] = this.#callsOfKey.keys();
    if (this.#callsOfKey.size > maxKeys && oldest !== undefined) this.#callsOfKey.delete(oldest);
    return count;
  }

  #serveCalls(request: IncomingMessage, response: ServerResponse): void {
    if (request.method === 'DELETE') this.#calls.clear();
    sendJson(response, 200, JSON.stringify({ instance: this.#instance, calls: this.#calls.list() }));
  }

  #serveModels(response: ServerResponse): void {
    const data = models.map((id) => ({ id, object: 'model', created: this.#createdSeconds(), owned_by: 'sluice-simulation' }));
    sendJson(response, 200, JSON.stringify({ object: 'list', data }));
  }
}

/** A script stands in headers, or where a gateway forwards no foreign headers, in the body's `metadata`. */
function scriptLookup(header: ScriptLookup, body: unknown): ScriptLookup {
  const metadata = membersOf(membersOf(body).metadata);
  return (name) => {
    const value = header(name) ?? metadata[name];
    return typeof value === 'string' ? value : undefined;
  };
}

function refuse(call: SimulatedCall, response: ServerResponse, message: string): DeliveryEnd {
  call.status = 400;
  sendJson(response, 400, errorOf(400, message));
  return 'completed';
}

function sendJson(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The whole body, or nothing when the client went or sent too much. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve) => {
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > maxBodyBytes) request.destroy();
    });
    request.once('end', () => {
      resolve((chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)).toString());
    });
    request.once('close', () => {
      resolve(undefined);
    });
    request.once('error', () => {
      resolve(undefined);
    });
  });
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(address === null || typeof address === 'string' ? port : address.port);
    });
  });
}
