import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { answerRequest } from './simulated-answer.ts';
import { defaultMaxCalls, SimulatedCalls, type SimulatedCall } from './simulated-calls.ts';
import { deliverPlain, deliverStream, type DeliveryEnd } from './simulated-delivery.ts';
import { answerEmbeddings } from './simulated-embedding.ts';
import { membersOf } from './simulated-request.ts';
import { readScript, type ScriptLookup, type SimulationScript } from './simulation-script.ts';
import { chatWire } from './wires/chat.ts';
import { completionsWire } from './wires/completions.ts';
import { readCountRequest } from './wires/messages-request.ts';
import { messagesWire } from './wires/messages.ts';
import { openaiError } from './wires/openai-error.ts';
import { responsesWire } from './wires/responses.ts';
import type { SimulatedWire } from './wires/simulated-wire.ts';

export interface SimulatedProviderOptions {
  /** Absent or 0: a free one. */
  readonly port?: number;
  /** Name of this instance, for scripts such as `b:500`; `sim` unless told. */
  readonly name?: string;
  /** Seconds since the epoch for `created`; fixed unless told, so that the same request gives the same bytes. */
  readonly createdSeconds?: () => number;
  /** Calls that are remembered at least by half; 20,000 unless told. */
  readonly maxCalls?: number;
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
/** `sim-embedding` is the older name of `sim-embed`. */
const models = ['sim', 'sim-small', 'sim-embed', 'sim-embedding'];

const embeddingsPath = '/v1/embeddings';
const countPath = '/v1/messages/count_tokens';
/** Every route that is answered by a rule, and the format in which it refuses. */
const wires: ReadonlyMap<string, SimulatedWire> = new Map([
  ['/v1/chat/completions', chatWire],
  ['/v1/responses', responsesWire],
  ['/v1/completions', completionsWire],
  ['/v1/messages', messagesWire],
  [countPath, messagesWire],
  [embeddingsPath, chatWire],
]);

/** Starts a provider that speaks OpenAI's formats and Anthropic's on 127.0.0.1 that answers by a fixed rule and misbehaves as request headers script it. */
export async function startSimulatedProvider(options: SimulatedProviderOptions = {}): Promise<SimulatedProvider> {
  const calls = new SimulatedCalls(options.maxCalls ?? defaultMaxCalls);
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
    const wire = request.method === 'POST' ? wires.get(path) : undefined;
    if (wire !== undefined) await this.#answer(request, response, path, wire);
    else if (path === '/_sim/calls') this.#serveCalls(request, response);
    else if (request.method === 'GET' && path === '/v1/models') this.#serveModels(response);
    else if (path === '/healthz') sendJson(response, 200, '{"status":"ok"}');
    else sendJson(response, 404, openaiError(404, `no route ${request.method ?? ''} ${path}`));
  }

  async #answer(request: IncomingMessage, response: ServerResponse, path: string, wire: SimulatedWire): Promise<void> {
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
      sendJson(response, 400, wire.error(400, 'the body is not JSON'));
      return;
    }
    call.status = 200;
    try {
      const end = await this.#serve(call, body, scriptLookup(header, body), response, wire);
      if (end === 'faulted') call.outcome = 'faulted';
    } catch (error) {
      call.status = 400;
      if (!response.headersSent) sendJson(response, 400, wire.error(400, error instanceof Error ? error.message : 'unreadable'));
      else response.destroy();
    }
  }

  async #serve(
    call: SimulatedCall,
    body: unknown,
    lookup: ScriptLookup,
    response: ServerResponse,
    wire: SimulatedWire,
  ): Promise<DeliveryEnd> {
    const script = readScript(lookup, this.#instance, this.#count(lookup('x-sim-key') ?? ''));
    if (script.latencyMs > 0) await delay(script.latencyMs);
    if (response.destroyed) return 'completed';
    if (script.status >= 400) {
      call.status = script.status;
      const told = wire.error(script.status, `the simulated provider was told to answer ${script.status}`, script.errorCode);
      return deliverPlain(response, script, script.status, told);
    }
    if (call.path === embeddingsPath) return this.#embeddings(call, body, script, response);
    if (call.path === countPath) return this.#countTokens(call, body, script, response);
    return this.#generate(call, body, script, response, wire);
  }

  async #generate(
    call: SimulatedCall,
    body: unknown,
    script: SimulationScript,
    response: ServerResponse,
    wire: SimulatedWire,
  ): Promise<DeliveryEnd> {
    const request = wire.read(body);
    if (typeof request === 'string') return refuse(call, response, wire.error(400, request));
    call.model = request.model;
    call.stream = request.stream;
    const answer = answerRequest(request, script);
    call.usage = { input: answer.promptTokens, output: answer.completionTokens };
    const head = { created: this.#createdSeconds(), model: request.model };
    if (!request.stream) return deliverPlain(response, script, 200, wire.plain(head, answer, request));
    return deliverStream(response, script, wire.stream(head, answer, request, script.chunkCharacters), wire);
  }

  async #embeddings(call: SimulatedCall, body: unknown, script: SimulationScript, response: ServerResponse): Promise<DeliveryEnd> {
    const answer = answerEmbeddings(body);
    if (typeof answer === 'string') return refuse(call, response, openaiError(400, answer));
    call.model = answer.model;
    return deliverPlain(response, script, 200, answer.body);
  }

  async #countTokens(call: SimulatedCall, body: unknown, script: SimulationScript, response: ServerResponse): Promise<DeliveryEnd> {
    const request = readCountRequest(body);
    if (typeof request === 'string') return refuse(call, response, messagesWire.error(400, request));
    call.model = request.model;
    return deliverPlain(response, script, 200, JSON.stringify({ input_tokens: request.promptTokens }));
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

function refuse(call: SimulatedCall, response: ServerResponse, body: string): DeliveryEnd {
  call.status = 400;
  sendJson(response, 400, body);
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
