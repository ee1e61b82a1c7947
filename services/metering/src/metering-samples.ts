/** What the specs share: snapshots and requests of one organisation. */
import type { Envelope, LimitsConfig, Snapshot } from '@sluice/contracts';
import { sampleEnvelope as anyEnvelope } from '@sluice/testing';
import type { AdmissionRequest } from './admission.ts';

export interface SampleLimits {
  readonly key?: LimitsConfig;
  readonly team?: LimitsConfig;
  readonly organization?: LimitsConfig;
}

export function sampleSnapshot(limits: SampleLimits, version = 1): Snapshot {
  return {
    version,
    activatedAt: '2026-01-01T00:00:00.000Z',
    providers: [],
    models: [],
    policies: [],
    organizations: [
      {
        name: 'acme',
        limits: limits.organization ?? {},
        budgets: [],
        teams: [{ name: 'support', policy: 'default', limits: limits.team ?? {}, budgets: [] }],
      },
    ],
    keys: [
      { keyId: 'key_web', name: 'web', organization: 'acme', team: 'support', limits: limits.key ?? {}, budgets: [] },
      { keyId: 'key_job', name: 'job', organization: 'acme', team: 'support', limits: {}, budgets: [] },
    ],
  };
}

export function sampleRequest(requestId: string, patch: Partial<AdmissionRequest> = {}): AdmissionRequest {
  return {
    requestId,
    keyId: 'key_web',
    organization: 'acme',
    team: 'support',
    inputTokens: 10,
    outputTokens: 20,
    deadline: 1_060_000,
    ...patch,
  };
}

export function sampleEnvelope(id: string, patch: Partial<Envelope> = {}): Envelope {
  return anyEnvelope({
    id,
    model: 'chat',
    principal: { organization: 'acme', team: 'support', keyId: 'key_web', keyName: 'web', policy: 'default' },
    tags: { project: 'search' },
    configVersion: 3,
    receivedAt: 1_000_000,
    dispatchedAt: 1_000_000,
    ...patch,
  });
}
