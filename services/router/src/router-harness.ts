/** What the specs and the benchmark share: a router stage without a bus, and requests for it. */
import { Body, type Outcome, type ReplyStream, type StageContext, type StreamEnd } from '@sluice/bus';
import { snapshotCatalog } from '@sluice/catalog';
import { type ConfigurationInput, configurationSchema, type Envelope, type Snapshot } from '@sluice/contracts';
import { sampleEnvelope } from '@sluice/testing';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { Environment } from './credentials.ts';
import type { Extend } from './reservation/ask-for-more.ts';
import { type RouterSettings, settingsSchema } from './settings.ts';
import { createStage, type RouterDependencies, type RouterStage } from './stage.ts';

export interface RouterHarness {
  readonly stage: RouterStage;
  readonly registry: Registry;
  /** All log lines so far, every level. */
  readonly log: () => string;
  activate(input: Pick<ConfigurationInput, 'providers' | 'models'>): void;
  ask(body: object, options?: AskOptions): Promise<Outcome>;
  close(): Promise<void>;
}

export interface AskOptions {
  /** Client headers, as ingress puts them into the envelope. */
  readonly headers?: Record<string, string>;
  readonly envelope?: Partial<Envelope>;
  readonly context?: Partial<StageContext>;
}

export interface HarnessOptions {
  readonly settings?: Partial<RouterSettings>;
  readonly environment?: Environment;
  /** Metering's part; without it nobody answers. */
  readonly extend?: Extend;
  readonly journal?: RouterDependencies['journal'];
}

export function openRouter(input: Pick<ConfigurationInput, 'providers' | 'models'>, options: HarnessOptions = {}): RouterHarness {
  const registry = new Registry();
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(line) });
  let current = compile(input, 1);
  const listeners: ((snapshot: Snapshot) => void)[] = [];
  const stage = createStage({
    settings: { ...settingsSchema.parse({ SWEEP_INTERVAL_MS: 5 }), ...options.settings },
    configuration: {
      get current() {
        return current;
      },
      onChange: (listener) => listeners.push(listener),
    },
    catalog: snapshotCatalog,
    environment: options.environment ?? {},
    clock: Date.now,
    random: Math.random,
    log,
    metrics: registry,
    tracing: false,
    board: undefined,
    extend: options.extend ?? (() => Promise.reject(new Error('nobody answers'))),
    journal: options.journal,
  });
  return {
    stage,
    registry,
    log: () => lines.join(''),
    activate(changed) {
      current = compile(changed, current.version + 1);
      for (const listener of listeners) listener(current);
    },
    ask: async (body, asked = {}) =>
      await stage.handle({ envelope: envelopeFor(body, asked), body: Body.of(Buffer.from(JSON.stringify(body))) }, contextFor(asked)),
    close: () => stage.close(),
  };
}

/** The stream's bytes as text, and how it ended. */
export async function drain(outcome: ReplyStream): Promise<{ text: string; messages: number; end: StreamEnd }> {
  let text = '';
  let messages = 0;
  for await (const chunk of outcome.chunks) {
    text += Buffer.from(chunk).toString();
    messages += 1;
  }
  return { text, messages, end: outcome.end() };
}

/** Fails the test where the outcome is another one. */
export function expectKind<Kind extends Outcome['kind']>(outcome: Outcome, kind: Kind): Extract<Outcome, { kind: Kind }> {
  if (outcome.kind !== kind) {
    throw new Error(
      `expected ${kind}, got ${outcome.kind}${outcome.kind === 'refuse' ? `: ${outcome.error.code} ${outcome.error.message}` : ''}`,
    );
  }
  return outcome as Extract<Outcome, { kind: Kind }>; // the kind was compared just above
}

export function envelopeFor(body: object, { headers = {}, envelope = {} }: AskOptions = {}): Envelope {
  const now = Date.now();
  return sampleEnvelope({
    id: 'req_01JD0000000000000000000000',
    model: 'model' in body && typeof body.model === 'string' ? body.model : 'chat',
    stream: 'stream' in body && body.stream === true,
    receivedAt: now,
    dispatchedAt: now,
    headers,
    ...envelope,
  });
}

export function contextFor({ context = {} }: AskOptions = {}): StageContext {
  return {
    attempt: 1,
    deadline: Date.now() + 15_000,
    instance: 'router-test',
    signal: new AbortController().signal,
    remaining: [],
    unmask: ignore,
    accepted: ignore,
    claim: () => Promise.resolve(true),
    claimRequired: false,
    ...context,
  };
}

function ignore(): void {
  // What a test does not look at.
}

function compile(input: Pick<ConfigurationInput, 'providers' | 'models'>, version: number): Snapshot {
  const { providers, models, policies } = configurationSchema.parse({ version: 1, ...input });
  return { version, activatedAt: '2026-01-01T00:00:00.000Z', providers, models, policies, organizations: [], keys: [] };
}
