import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigurationInput, ProviderType } from '@sluice/contracts';
import { startSluice } from '@sluice/local';
import { modes, type FakeUpstream, type Mode } from './fake-upstream.ts';
import type { LedgerAddress } from './ledger.ts';
import { modelOf, type Recording } from './recording.ts';
import type { WireKind } from './wire.ts';

const key = 'sk-sluice-recordings-key-of-the-suite-0001';
type Provider = NonNullable<ConfigurationInput['providers']>[number];

/** Whose adapter a folder is for; all others speak OpenAI's format at an address of their own. */
const typesOfFolders: Readonly<Record<string, ProviderType>> = {
  anthropic: 'anthropic',
  google: 'google',
  'google-vertex': 'vertex',
  'amazon-bedrock': 'amazon-bedrock',
  cohere: 'cohere',
  azure: 'azure-openai',
  openai: 'openai',
};

/** Names by which a provider's adapter knows what kind of model is asked. */
const usualModels: Readonly<Partial<Record<WireKind, string>>> = {
  messages: 'claude-sonnet-4-5',
  bedrock: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
  gemini: 'gemini-2.5-flash',
  cohere: 'command-a-03-2025',
  'cohere-embeddings': 'embed-v4.0',
  'vertex-embeddings': 'text-embedding-005',
};

export interface RecordedGateway {
  readonly url: string;
  readonly key: string;
  logs(): string;
  /** The request log. */
  readonly ledger: LedgerAddress;
  stop(): Promise<void>;
}

export function modelName(index: number, mode: Mode): string {
  return `recording-${index}-${mode}`;
}

/** Ingress and router with one provider for each recording and mode, so that none learns from another's answers. */
export function startRecordedGateway(recordings: readonly Recording[], upstream: FakeUpstream): Promise<RecordedGateway> {
  return startRouterGateway(configuration(recordings, upstream));
}

/** Ingress and router of these providers and models; `${UPSTREAM_KEY}` is a key that nobody checks. */
export async function startRouterGateway(configured: Pick<ConfigurationInput, 'providers' | 'models'>): Promise<RecordedGateway> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sluice-recordings-'));
  const whole: ConfigurationInput = {
    version: 1,
    ...configured,
    policies: [{ name: 'default', pipeline: ['router'] }],
    organizations: [{ name: 'recordings', teams: [{ name: 'recordings', keys: [{ name: 'recordings', key: '${RECORDINGS_KEY}' }] }] }],
  };
  const sluice = await startSluice({
    dataDir,
    config: JSON.stringify(whole),
    env: { RECORDINGS_KEY: key, UPSTREAM_KEY: 'known-to-the-fake-upstream', LOG_LEVEL: 'warn' },
    disabled: ['metering', 'guardrail', 'masking', 'cache'],
  });
  return {
    url: sluice.url,
    key,
    logs: () => sluice.logs(),
    ledger: { controlUrl: sluice.controlUrl, adminToken: sluice.adminToken },
    stop: async () => {
      await sluice.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function configuration(recordings: readonly Recording[], upstream: FakeUpstream): Pick<ConfigurationInput, 'providers' | 'models'> {
  const entries = recordings.flatMap((recording, index) => modes.map((mode) => ({ recording, index, mode })));
  return {
    providers: entries.map(({ recording, index, mode }) => provider(recording, modelName(index, mode), upstream.address(index, mode))),
    models: entries.map(({ recording, index, mode }) => ({
      name: modelName(index, mode),
      targets: [{ provider: modelName(index, mode), model: modelOf(recording) ?? usualModels[recording.wire] ?? 'recorded' }],
      retries: { maxAttempts: 1 },
      // What is tested are answers; what a request cannot say to a provider has tests of its own.
      onUnsupported: 'drop',
    })),
  };
}

function provider(recording: Recording, name: string, address: string): Provider {
  const type = typesOfFolders[recording.provider] ?? 'openai-compatible';
  const common = { name, type, baseUrl: address, apiKey: '${UPSTREAM_KEY}' };
  switch (type) {
    case 'amazon-bedrock':
      return {
        name,
        type,
        baseUrl: address,
        aws: { region: 'us-east-1', accessKeyId: '${UPSTREAM_KEY}', secretAccessKey: '${UPSTREAM_KEY}' },
      };
    case 'vertex':
      return { ...common, gcp: { project: 'recordings', location: 'us-central1' } };
    case 'openai':
    case 'openai-compatible':
      return { ...common, baseUrl: `${address}/v1` };
    default:
      return common;
  }
}
