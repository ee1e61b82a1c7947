/** What the specs and the bench need to call the stage without a bus. */
import { Body, type Outcome, type StageContext } from '@sluice/bus';
import { configurationSchema, type Dialect, type Envelope, type MaskingPolicy, type Snapshot, type UnmaskTable } from '@sluice/contracts';
import { sampleEnvelope } from '@sluice/testing';
import { Registry } from 'prom-client';
import { createStage } from './stage.ts';

/** A configuration store with one policy `default`; without `entities` it is the policy's default. */
export function storeWith(masking: { readonly entities?: MaskingPolicy['entities']; readonly minScore?: number } = {}): {
  readonly current: Snapshot;
} {
  const { providers, models, policies } = configurationSchema.parse({ version: 1, policies: [{ name: 'default', masking }] });
  return { current: { version: 1, activatedAt: '2026-01-01T00:00:00.000Z', providers, models, policies, organizations: [], keys: [] } };
}

function envelope(dialect: Dialect, policy = 'default'): Envelope {
  return sampleEnvelope({ dialect, principal: { organization: 'acme', team: 'support', keyId: 'key_1', keyName: 'web', policy } });
}

export interface StageRun {
  readonly outcome: Outcome;
  /** The tables sent to ingress, in order. */
  readonly tables: readonly UnmaskTable[];
}

export interface StageUnderTest {
  readonly metrics: Registry;
  /** Sends a body, or bytes as they are, through the stage. */
  run(body: unknown, options?: { readonly dialect?: Dialect; readonly policy?: string }): Promise<StageRun>;
}

export function stageUnderTest(store = storeWith()): StageUnderTest {
  const metrics = new Registry();
  const stage = createStage({ configuration: store, metrics });
  return {
    metrics,
    async run(body, { dialect = 'openai-chat', policy = 'default' } = {}) {
      const tables: UnmaskTable[] = [];
      const context: StageContext = {
        attempt: 1,
        deadline: Number.MAX_SAFE_INTEGER,
        instance: 'masking-test',
        signal: new AbortController().signal,
        remaining: ['router'],
        unmask: (table) => tables.push(table),
        accepted: () => undefined,
        claim: () => Promise.resolve(true),
        claimRequired: false,
      };
      const bytes = body instanceof Uint8Array ? body : new TextEncoder().encode(JSON.stringify(body));
      const outcome = await stage.handle({ envelope: envelope(dialect, policy), body: Body.of(bytes) }, context);
      return { outcome, tables };
    },
  };
}
