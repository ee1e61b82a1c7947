/** What the specs share: snapshots and requests of one organisation. */
import {
  configurationSchema,
  type BudgetConfig,
  type Envelope,
  type LimitsConfig,
  type ScopeConfig,
  type Snapshot,
} from '@sluice/contracts';
import { migrate, type Database } from '@sluice/database';
import { sampleEnvelope as anyEnvelope } from '@sluice/testing';
import type { AdmissionRequest } from './admission/admission-request.ts';

export interface SampleLimits {
  readonly key?: LimitsConfig;
  readonly team?: LimitsConfig;
  readonly organization?: LimitsConfig;
  readonly budgets?: readonly BudgetConfig[];
  readonly keyBudgets?: readonly BudgetConfig[];
  readonly scopes?: readonly ScopeConfig[];
  /** Of the model `chat`, over all organisations. */
  readonly model?: LimitsConfig;
}

/** Makes the schema as the service does. */
export function migrateMetering(database: Database): Promise<string[]> {
  return migrate(database, { service: 'metering', directory: new URL('../migrations/', import.meta.url) });
}

/** USD 1 for a thousand tokens of output, nothing for input. */
const { providers, models } = configurationSchema.parse({
  version: 1,
  providers: [{ name: 'sim', type: 'openai-compatible', baseUrl: 'http://127.0.0.1:9/v1', apiKey: 'none' }],
  models: [{ name: 'chat', targets: [{ provider: 'sim', model: 'sim', price: { inputPerMillion: 0, outputPerMillion: 1_000 } }] }],
});

export function sampleSnapshot(limits: SampleLimits, version = 1): Snapshot {
  return {
    version,
    activatedAt: '2026-01-01T00:00:00.000Z',
    providers,
    models: limits.model === undefined ? models : models.map((model) => ({ ...model, limits: limits.model })),
    policies: [],
    organizations: [
      {
        name: 'acme',
        limits: limits.organization ?? {},
        budgets: limits.budgets ?? [],
        ...(limits.scopes === undefined ? {} : { scopes: limits.scopes }),
        teams: [{ name: 'support', policy: 'default', limits: limits.team ?? {}, budgets: [] }],
      },
    ],
    keys: [
      { keyId: 'key_web', name: 'web', organization: 'acme', team: 'support', limits: limits.key ?? {}, budgets: limits.keyBudgets ?? [] },
      { keyId: 'key_job', name: 'job', organization: 'acme', team: 'support', limits: {}, budgets: [] },
    ],
  };
}

/** It uses what is expected of it at most, unless `patch` says more. */
export function sampleRequest(requestId: string, patch: Partial<AdmissionRequest> = {}): AdmissionRequest {
  const { inputTokens = 10, outputTokens = 20 } = patch;
  return {
    requestId,
    keyId: 'key_web',
    organization: 'acme',
    team: 'support',
    tags: {},
    model: 'chat',
    unpriced: 'refuse',
    withoutDatabase: 'refuse',
    inputTokens,
    outputTokens,
    mostInputTokens: inputTokens,
    mostOutputTokens: outputTokens,
    counted: true,
    deadline: 1_060_000,
    attempt: 1,
    dispatchedAt: Number.POSITIVE_INFINITY,
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
