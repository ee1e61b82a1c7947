import type { StageContext } from '@sluice/bus';
import type { Dialect, Envelope } from '@sluice/contracts';
import { sampleEnvelope } from '@sluice/testing';

/** An envelope as ingress makes it, for tests and benches of this service. */
export function createTestEnvelope(policy = 'default', dialect: Dialect = 'openai-chat'): Envelope {
  return sampleEnvelope({ dialect, principal: { organization: 'acme', team: 'support', keyId: 'key_1', keyName: 'web', policy } });
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
