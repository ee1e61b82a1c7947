import { describe, expect, it } from 'vitest';
import { auditEventSchema, usageEventSchema } from './events.ts';

const about = {
  requestId: 'req_1',
  organization: 'acme',
  team: 'support',
  keyId: 'key_web',
  tags: { project: 'search' },
  dialect: 'openai-chat',
  modelAsked: 'chat',
  configVersion: 1,
  stream: false,
};

function cloudEvent(type: string, data: object, patch: object = {}): object {
  return {
    specversion: '1.0',
    id: 'req_1:x',
    source: 'sluice/ingress/ingress-1',
    type,
    subject: 'acme/support/key_web',
    time: '2026-01-01T00:00:00.000Z',
    datacontenttype: 'application/json',
    sequence: '18446744073709551616',
    data,
    ...patch,
  };
}

const intent = { ...about, reserved: { inputTokens: 1, outputTokens: 2 }, deadline: 1 };
const settled = {
  ...about,
  outcome: 'completed',
  status: 200,
  attempts: [],
  usage: { input: 1, output: 2 },
  costNanoUsd: '9007199254740993',
  cache: 'miss',
  guards: [],
  latencyMs: 1.5,
  admitted: true,
};
const refused = {
  ...about,
  status: 403,
  errorCode: 'content_policy_violation',
  stage: 'guardrail',
  guards: [],
  latencyMs: 1,
  admitted: true,
};

describe('usage events', () => {
  it.each([
    ['com.sluice.usage.intent.v1', intent],
    ['com.sluice.usage.settled.v1', settled],
    ['com.sluice.usage.refused.v1', refused],
  ])('%s is told apart by its type and read back as written', (type, data) => {
    const event = cloudEvent(type, data);
    expect(usageEventSchema.parse(JSON.parse(JSON.stringify(event)))).toEqual(event);
  });

  it.each([
    ['another type', cloudEvent('com.sluice.usage.settled.v2', settled)],
    ['the data of another type', cloudEvent('com.sluice.usage.settled.v1', intent)],
    ['cost as a number', cloudEvent('com.sluice.usage.settled.v1', { ...settled, costNanoUsd: 1 })],
    ['cost with a fraction', cloudEvent('com.sluice.usage.settled.v1', { ...settled, costNanoUsd: '1.5' })],
    ['negative tokens', cloudEvent('com.sluice.usage.settled.v1', { ...settled, usage: { input: -1, output: 0 } })],
    ['a sequence that is no number', cloudEvent('com.sluice.usage.intent.v1', intent, { sequence: '-1' })],
    ['no sequence', cloudEvent('com.sluice.usage.intent.v1', intent, { sequence: undefined })],
    ['an unknown outcome', cloudEvent('com.sluice.usage.settled.v1', { ...settled, outcome: 'lost' })],
  ])('refuses %s', (_name, event) => {
    expect(usageEventSchema.safeParse(event).success).toBe(false);
  });
});

describe('audit events', () => {
  const data = { organization: 'acme', actor: 'admin', action: 'activate', outcome: 'done', detail: { version: 3, fields: ['models'] } };

  it.each(['configuration', 'access', 'guard'])('com.sluice.audit.%s.v1 is read back as written', (kind) => {
    const event = cloudEvent(`com.sluice.audit.${kind}.v1`, data);
    expect(auditEventSchema.parse(event)).toEqual(event);
  });

  it('has no room for nested content', () => {
    const nested = cloudEvent('com.sluice.audit.guard.v1', { ...data, detail: { prompt: { text: 'x' } } });
    expect(auditEventSchema.safeParse(nested).success).toBe(false);
  });
});
