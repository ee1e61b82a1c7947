import type { Envelope } from '@sluice/contracts';

/** An envelope as ingress makes it, for calling a stage without a bus: key `web` of team `support` asks model `sim`. */
export function sampleEnvelope(patch: Partial<Envelope> = {}): Envelope {
  return {
    id: 'req_00000000000000000000000000',
    dialect: 'openai-chat',
    model: 'sim',
    stream: false,
    principal: { organization: 'acme', team: 'support', keyId: 'key_1', keyName: 'web', policy: 'default' },
    tags: {},
    configVersion: 1,
    receivedAt: 0,
    dispatchedAt: 0,
    cache: {},
    headers: {},
    found: {},
    guards: [],
    timings: [],
    ...patch,
  };
}
