/** What the specs share: the HTTP edge on a real bus, with the other services played by small handlers on a second connection. */
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { connectBus, defineStage, forward, reply, type Bus, type Outcome, type StageContext, type StageRequest } from '@sluice/bus';
import {
  calls,
  configurationSchema,
  streams,
  subjects,
  usageEventSchema,
  type CacheStore,
  type ConfigurationInput,
  type Principal,
  type ProviderAttempt,
  type Snapshot,
  type UsageEvent,
} from '@sluice/contracts';
import { startNatsServer } from '@sluice/testing';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, vi } from 'vitest';
import { compileEdge } from './edge-configuration.ts';
import { IdempotentRequests } from './idempotent-requests.ts';
import { Ingress } from './ingress.ts';
import { IngressMetrics } from './ingress-metrics.ts';
import { KeyAuthenticator } from './key-authenticator.ts';
import { createRequestIds } from './request-id.ts';
import { missingStages } from './required-stages.ts';
import { passThroughSpans } from './server-spans.ts';
import { buildServer } from './server.ts';

type Handler = (request: StageRequest, context: StageContext) => Outcome | Promise<Outcome>;

export interface Edge {
  readonly url: string;
  readonly events: UsageEvent[];
  readonly stored: { readonly store: CacheStore; readonly text: string }[];
  /** Log lines, every level. */
  readonly log: () => string;
  /** The bus of the services behind the edge. */
  readonly services: Bus;
  /** What the stage `router` does from now on. */
  answerWith(handler: Handler): void;
  /** As a process that is told to end: what is under way goes on to its end. */
  close(): Promise<void>;
  ask(body: unknown, headers?: Record<string, string>): Promise<Response>;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  post(path: string, body: string | Uint8Array, headers?: Record<string, string>): Promise<Response>;
  /** Without a client library between: for clients that read slowly or leave. */
  open(body: unknown, headers?: Record<string, string>): Promise<OpenAnswer>;
  eventsOf(requestId: string, count: number): Promise<UsageEvent[]>;
}

export interface OpenAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly message: IncomingMessage;
  leave(): void;
}

const key = 'sk-sluice-test';
export const chat = { model: 'chat', messages: [{ role: 'user', content: 'Say something.' }] };

const principals: Record<string, Principal> = {
  [key]: { organization: 'acme', team: 'support', keyId: 'key_web', keyName: 'web', policy: 'default' },
  'sk-sluice-one-model': { organization: 'acme', team: 'support', keyId: 'key_one', keyName: 'one', policy: 'default', models: ['chat'] },
  'sk-sluice-alias': { organization: 'acme', team: 'support', keyId: 'key_alias', keyName: 'alias', policy: 'default', models: ['big'] },
  'sk-sluice-drain': { organization: 'acme', team: 'support', keyId: 'key_drain', keyName: 'drain', policy: 'drain' },
  'sk-sluice-kept': { organization: 'acme', team: 'support', keyId: 'key_kept', keyName: 'kept', policy: 'kept' },
  'sk-sluice-skip': { organization: 'acme', team: 'support', keyId: 'key_skip', keyName: 'skip', policy: 'skip' },
  'sk-sluice-guarded': { organization: 'acme', team: 'support', keyId: 'key_guarded', keyName: 'guarded', policy: 'guarded' },
};

const configuration: ConfigurationInput = {
  version: 1,
  providers: [{ name: 'sim', type: 'openai-compatible', baseUrl: 'http://127.0.0.1:9/v1', forwardHeaders: ['x-sim-*', 'authorization'] }],
  models: [
    { name: 'chat', targets: [{ provider: 'sim', model: 'sim-1' }] },
    { name: 'other', targets: [{ provider: 'sim', model: 'sim-2' }] },
    {
      name: 'vendor/big',
      aliases: ['big', 'vendor/newest'],
      targets: [
        { provider: 'sim', model: 'sim-3', contextWindow: 64_000, price: { inputPerMillion: 0.25, outputPerMillion: 2 } },
        { provider: 'sim', model: 'sim-4', contextWindow: 32_000 },
      ],
    },
    { name: 'hidden', hidden: true, targets: [{ provider: 'sim', model: 'sim-5' }] },
  ],
  policies: [
    { name: 'default', pipeline: ['router'] },
    { name: 'drain', pipeline: ['cache', 'router'], onDisconnect: 'drain' },
    { name: 'kept', pipeline: ['cache', 'router'] },
    { name: 'skip', pipeline: ['masking', 'router'], onUnavailable: { masking: 'skip' } },
    { name: 'guarded', pipeline: ['guardrail', 'router'] },
  ],
};

function snapshotOf(input: ConfigurationInput = configuration): Snapshot {
  const { providers, models, policies } = configurationSchema.parse(input);
  return { version: 7, activatedAt: '2026-01-01T00:00:00.000Z', providers, models, policies, organizations: [], keys: [] };
}

/** A call that took 5 ms, 10 tokens in and 20 out, for 1,500 nano-USD. */
export function attempt(patch: Partial<ProviderAttempt> = {}): ProviderAttempt {
  return {
    provider: 'sim',
    model: 'sim-1',
    status: 200,
    startedAt: Date.now(),
    latencyMs: 5,
    usage: { input: 10, output: 20 },
    costNanoUsd: '1500',
    priceVersion: 'test-1',
    ...patch,
  };
}

function completion(content: string): Buffer {
  const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }];
  return Buffer.from(JSON.stringify({ id: 'c1', object: 'chat.completion', created: 1, model: 'sim-1', choices }));
}

export function plainAnswer(content = 'Hello.'): Outcome {
  return reply({
    answer: {
      status: 200,
      contentType: 'application/json',
      provider: 'sim',
      model: 'sim-1',
      finishReason: 'stop',
      usage: { input: 10, output: 20 },
      attempts: [attempt()],
    },
    body: completion(content),
  });
}

export interface EdgeOptions {
  readonly eventBacklog?: number;
  /** False: no stream takes usage events. */
  readonly recordsUsage?: boolean;
}

/** Opens an edge for the specs of a file, on a server of its own. Both are closed after them, the edge first. */
export async function openEdge(options: EdgeOptions = {}): Promise<Edge> {
  const nats = await startNatsServer();
  afterAll(() => nats.stop());
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(line) });
  const connect = (service: string): Promise<Bus> =>
    connectBus({ servers: nats.url, service, version: '0.1.0', description: 'test', log, tracing: false, hopBudgetMs: 2_000, echo: true });
  const [bus, services] = await Promise.all([connect('ingress'), connect('router')]);
  if (options.recordsUsage !== false)
    await bus.ensureStream({ name: streams.usage, subjects: [subjects.anyUsage], maxAgeMs: 60_000, duplicateWindowMs: 10_000 });
  await bus.ensureStream({ name: streams.audit, subjects: [subjects.anyAudit], maxAgeMs: 60_000, duplicateWindowMs: 10_000 });

  let handler: Handler = () => plainAnswer();
  const stage = (request: StageRequest, context: StageContext): Outcome | Promise<Outcome> => handler(request, context);
  const events: UsageEvent[] = [];
  const stored: { store: CacheStore; text: string }[] = [];
  services.subscribe(subjects.anyUsage, (data) => events.push(usageEventSchema.parse(JSON.parse(Buffer.from(data).toString()))));
  services.onStore((store, body) => stored.push({ store, text: Buffer.from(body.inline ?? []).toString() }));
  await playServices(services);
  await services.serveStage(
    defineStage({ name: 'router', version: '0.1.0', description: 'test', concurrency: 64, queueLimit: 64, handle: stage }),
  );

  await services.serveStage(
    defineStage({
      name: 'cache',
      version: '0.1.0',
      description: 'test',
      concurrency: 64,
      queueLimit: 64,
      handle: ({ envelope }) => forward({ found: { state: 'miss', storeKey: envelope.id, ttlSeconds: 60 } }),
    }),
  );

  const dispatcher = await bus.createDispatcher({ hopBudgetMs: 2_000 });
  await vi.waitUntil(() => dispatcher.presence.isLive('router') && dispatcher.presence.isLive('cache'), { timeout: 5_000 });
  const snapshot = snapshotOf();
  const compiled = compileEdge(snapshot);
  const metrics = new Registry();
  const keys = new KeyAuthenticator(
    async (keySha256) => {
      const answer = await bus.request(calls.authenticateKey, { keySha256 }, { timeoutMs: 2_000 });
      return answer.known ? answer.principal : undefined;
    },
    Date.now,
    60_000,
  );
  const edge = { routes: () => compiled.routes, directory: () => compiled.directory, bus };
  const server = buildServer({
    ingress: new Ingress({
      ...edge,
      dispatcher,
      usage: await bus.createEventPublisher('ingress'),
      audit: await bus.createEventPublisher('ingress-audit'),
      clock: Date.now,
      metrics: new IngressMetrics(metrics),
      spans: passThroughSpans,
      price: () => () => ({ costNanoUsd: '900', priceVersion: 'test-1' }),
      idempotency: new IdempotentRequests(Date.now),
      concurrency: 1_000,
      eventBacklog: options.eventBacklog ?? 1_000,
    }),
    authenticate: (headers) => keys.authenticate(headers),
    newRequestId: createRequestIds(Date.now),
    maxBodyBytes: 4 * 1024 * 1024,
    information: {
      health: {
        problems: () => {
          const missing = missingStages(snapshot, dispatcher.presence, Infinity);
          return missing === undefined ? {} : { stages: missing };
        },
      },
      metrics,
      version: '0.1.0',
    },
    keyRoutes: edge,
    checks: edge,
    log,
  });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const close = () => server.close();
  afterAll(async () => {
    await close();
    await dispatcher.close();
    await Promise.all([bus.close(), services.close()]);
  });
  const post = (path: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(url + path, {
      method: 'POST',
      body: Buffer.from(body),
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    });
  return {
    url,
    events,
    stored,
    services,
    log: () => lines.join(''),
    answerWith: (next) => {
      handler = next;
    },
    close,
    post,
    ask: (body, headers) => post('/v1/chat/completions', JSON.stringify(body), headers),
    get: (path, headers = {}) => fetch(url + path, { headers: { authorization: `Bearer ${key}`, ...headers } }),
    open: (body, headers) => openRaw(url, body, headers),
    eventsOf: async (requestId, count) => {
      const found = (): UsageEvent[] => events.filter((event) => event.data.requestId === requestId);
      await vi.waitUntil(() => found().length >= count, { timeout: 8_000 });
      return found();
    },
  };
}

async function openRaw(url: string, body: unknown, headers: Record<string, string> = {}): Promise<OpenAnswer> {
  const request = httpRequest(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
  });
  request.on('error', () => undefined); // leaving is an error to the client library
  request.end(JSON.stringify(body));
  const [message] = (await once(request, 'response')) as [IncomingMessage]; // the event's only argument
  message.on('error', () => undefined);
  return { status: message.statusCode ?? 0, headers: message.headers, message, leave: () => request.destroy() };
}

/** Control, metering, guardrail and masking, as far as the edge asks them. */
async function playServices(services: Bus): Promise<void> {
  const known = new Map(Object.entries(principals).map(([text, principal]) => [hash('sha256', text, 'hex'), principal]));
  await services.respond(calls.authenticateKey, ({ keySha256 }) => {
    const principal = known.get(keySha256);
    return principal === undefined ? { known: false as const } : { known: true as const, principal, configVersion: 7 };
  });
  const row = { limit: 'requests', window: 'minute', used: 1, remaining: 9, resetMs: 60_000 };
  await services.respond(calls.readUsage, ({ keyId, user, model, tags = {} }) => ({
    scopes: [
      { scope: 'key', name: keyId, ...row },
      ...(user === undefined ? [] : [{ scope: 'user', name: user, ...row }]),
      ...(model === undefined ? [] : [{ scope: 'model', name: model, ...row }]),
      ...Object.entries(tags).map(([name, value]) => ({ scope: 'tag', name: `${name}=${value}`, ...row })),
    ],
  }));
  await services.respond(calls.checkGuardrail, ({ input, policy }) => ({
    action: 'flag' as const,
    score: 0.5,
    detections: [{ detector: 'secrets', category: policy, owasp: ['2025:LLM02'], score: 0.5 }],
    coverage: { detectors: ['secrets'], skipped: [], inspectedBytes: Buffer.byteLength(input) },
  }));
  await services.respond(calls.checkMasking, ({ text, policy }) => ({
    text: `${policy}:${text.length}`,
    entities: [{ type: 'EMAIL_ADDRESS', start: 0, end: 1, score: 1 }],
  }));
}
