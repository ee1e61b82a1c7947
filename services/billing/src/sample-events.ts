import { intentIdOf, usageEventTypes, type UsageEvent } from '@sluice/contracts';
import type { StreamEvent } from './ledger/plan-batch.ts';

export interface SampleOptions {
  readonly requestId: string;
  /** Epoch ms. */
  readonly time: number;
  readonly source?: string;
  readonly sequence?: number;
  readonly organization?: string;
  readonly keyId?: string;
  readonly user?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

const subjectOf = ({
  requestId,
  organization = 'acme',
  keyId = 'key_1',
  user = 'u-17',
  tags = { project: 'alpha', costCentre: '4711' },
}: SampleOptions) => ({
  requestId,
  organization,
  team: 'support',
  keyId,
  user,
  tags: { ...tags },
  dialect: 'openai-chat',
  modelAsked: 'gpt-4o-mini',
  configVersion: 3,
  stream: true,
});

function cloudEvent(options: SampleOptions, kind: string) {
  return {
    specversion: '1.0' as const,
    id: `${options.requestId}:${kind}`,
    source: options.source ?? 'sluice/ingress/test',
    subject: options.requestId,
    time: new Date(options.time).toISOString(),
    datacontenttype: 'application/json' as const,
    sequence: String(options.sequence ?? 1),
  };
}

/** Events for tests and the benchmark, as full as those of a real request. */
export const sampleEvents = {
  /** Each sending round of a request reserves something else. */
  intent(options: SampleOptions, deadline = options.time + 60_000, round = 1): UsageEvent {
    const reserved = { inputTokens: 899 + round, outputTokens: 400, costNanoUsd: String(374_000 + 1_000 * round) };
    const id = intentIdOf(options.requestId, round);
    return { ...cloudEvent(options, 'intent'), id, type: usageEventTypes.intent, data: { ...subjectOf(options), reserved, deadline } };
  },

  settled(options: SampleOptions): UsageEvent {
    const usage = { input: 812, output: 164, cached: 256, reasoning: 0 };
    const attempt = {
      provider: 'openai',
      model: 'gpt-4o-mini-2024-07-18',
      status: 200,
      startedAt: options.time - 900,
      latencyMs: 880.5,
      timeToFirstTokenMs: 210.25,
      usage,
      costNanoUsd: '201000',
      priceVersion: 'genai-prices-0.1.8',
    };
    return {
      ...cloudEvent(options, 'settled'),
      type: usageEventTypes.settled,
      data: {
        ...subjectOf(options),
        outcome: 'completed',
        status: 200,
        provider: 'openai',
        modelUsed: 'gpt-4o-mini-2024-07-18',
        attempts: [attempt],
        usage,
        costNanoUsd: '201000',
        priceVersion: 'genai-prices-0.1.8',
        cache: 'miss',
        finishReason: 'stop',
        guards: [{ guard: 'guardrail', ran: true }],
        masked: { EMAIL_ADDRESS: 1 },
        latencyMs: 901.75,
        timeToFirstTokenMs: 221.5,
        admitted: true,
      },
    };
  },

  /** Of one call whose answer was lost. */
  supplement(options: SampleOptions, attempt: string): UsageEvent {
    const usage = { input: 812, output: 164, cached: 256, reasoning: 0 };
    const { data } = sampleEvents.settled(options);
    const told = 'attempts' in data ? data.attempts : [];
    return {
      ...cloudEvent(options, `call-${attempt}`),
      type: usageEventTypes.supplement,
      data: {
        ...subjectOf(options),
        outcome: 'failed',
        status: 504,
        attempts: told.map((one) => ({ ...one, id: attempt })),
        usage,
        costNanoUsd: '201000',
        cache: 'bypass',
        guards: [],
        latencyMs: 1,
        admitted: true,
      },
    };
  },

  refused(options: SampleOptions): UsageEvent {
    return {
      ...cloudEvent(options, 'refused'),
      type: usageEventTypes.refused,
      data: {
        ...subjectOf(options),
        status: 429,
        errorCode: 'rate_limit_exceeded',
        stage: 'metering',
        guards: [],
        latencyMs: 3.5,
        admitted: false,
      },
    };
  },
};

const encoder = new TextEncoder();

/** An event as the stream holds it. */
export function streamEvent(event: object, position: number): StreamEvent {
  return { subject: 'sluice.v1.usage.acme.support', data: encoder.encode(JSON.stringify(event)), sequence: position };
}
