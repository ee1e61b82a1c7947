import type { StageContext } from '@sluice/bus';
import type { Envelope } from '@sluice/contracts';

/** An envelope as ingress makes it, for tests and benches of this service. */
export function createTestEnvelope(policy = 'default'): Envelope {
  return {
    id: 'req_00000000000000000000000000',
    dialect: 'openai-chat',
    model: 'sim',
    stream: false,
    principal: { organization: 'acme', team: 'support', keyId: 'key_1', keyName: 'web', policy },
    tags: {},
    configVersion: 1,
    receivedAt: 0,
    dispatchedAt: 0,
    cache: {},
    headers: {},
    found: {},
    guards: [],
    timings: [],
  };
}

/** A context for calling a stage without a bus. */
export function createTestContext(): StageContext {
  return {
    attempt: 1,
    deadline: Number.MAX_SAFE_INTEGER,
    instance: 'guardrail-test',
    signal: new AbortController().signal,
    remaining: ['router'],
    unmask: () => undefined,
    accepted: () => undefined,
    claim: () => Promise.resolve(true),
    claimRequired: false,
  };
}
