import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigurationInput } from '@sluice/contracts';
import { startSluice, type StartedSluice, type StartSluiceOptions } from '@sluice/local';
import { startSimulatedProvider, type SimulatedCall, type SimulatedProvider } from '@sluice/testing';
import OpenAI from 'openai';
import { AdminApi } from './admin-api.ts';
import { startRecordingProvider, type RecordingProvider } from './recording-provider.ts';

/** Virtual keys of the two teams that every gateway under test has; values of the environment, as the configuration wants them. */
export const keys = {
  red: 'sk-sluice-e2e-key-of-the-red-team-0001',
  blue: 'sk-sluice-e2e-key-of-the-blue-team-0002',
} as const;

export interface GatewayOptions extends Pick<StartSluiceOptions, 'disabled' | 'replicas' | 'env'> {
  /** Changes the configuration below before it is given to control. */
  readonly configure?: (configuration: ConfigurationInput) => ConfigurationInput;
}

/** Every process of Sluice, two simulated providers and one that records headers, in reach of a test. */
export interface Gateway {
  readonly sluice: StartedSluice;
  readonly admin: AdminApi;
  readonly a: SimulatedProvider;
  readonly b: SimulatedProvider;
  readonly recorder: RecordingProvider;
  readonly configuration: ConfigurationInput;
  /** The official client. Without retries unless told: a test wants to see each answer. */
  client(options?: ClientOptions): OpenAI;
  /** A bare POST with the red team's key, for what the official client would not send. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** What the two simulated providers saw of one request. */
  callsOf(requestId: string): SimulatedCall[];
  stop(): Promise<void>;
}

export interface ClientOptions {
  readonly key?: string;
  readonly headers?: Record<string, string>;
  readonly maxRetries?: number;
  readonly fetch?: typeof globalThis.fetch;
}

export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sluice-e2e-'));
  const [a, b, recorder] = await Promise.all([
    startSimulatedProvider({ name: 'a' }),
    startSimulatedProvider({ name: 'b' }),
    startRecordingProvider(),
  ]);
  const configuration = (options.configure ?? ((usual) => usual))(usualConfiguration(a.url, b.url, recorder.url));
  const sluice = await startSluice({
    dataDir,
    config: JSON.stringify(configuration),
    env: { RED_KEY: keys.red, BLUE_KEY: keys.blue, ...options.env },
    disabled: options.disabled ?? [],
    replicas: options.replicas ?? {},
  });
  return {
    sluice,
    admin: new AdminApi(sluice.controlUrl, sluice.adminToken),
    a,
    b,
    recorder,
    configuration,
    client: ({ key = keys.red, headers = {}, maxRetries = 0, fetch } = {}) =>
      new OpenAI({
        apiKey: key,
        baseURL: `${sluice.url}/v1`,
        maxRetries,
        defaultHeaders: headers,
        ...(fetch === undefined ? {} : { fetch }),
      }),
    post: (path, body, headers = {}) =>
      fetch(sluice.url + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${keys.red}`, 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    callsOf: (requestId) => [...a.calls(), ...b.calls()].filter((call) => call.requestId === requestId),
    stop: async () => {
      await sluice.stop();
      await Promise.all([a.stop(), b.stop(), recorder.stop()]);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** One model for each way that providers may behave; the simulated ones obey `x-sim-*` headers. */
function usualConfiguration(a: string, b: string, recorder: string): ConfigurationInput {
  const price = { inputPerMillion: 1_000, outputPerMillion: 2_000 };
  const retries = { baseDelay: '5ms', maxDelay: '20ms' };
  return {
    version: 1,
    providers: [
      { name: 'a', type: 'openai-compatible', baseUrl: a, forwardHeaders: ['x-sim-*'] },
      { name: 'b', type: 'openai-compatible', baseUrl: b, forwardHeaders: ['x-sim-*'] },
      { name: 'recorder', type: 'openai-compatible', baseUrl: recorder },
      { name: 'closed', type: 'openai-compatible', baseUrl: 'http://127.0.0.1:1/v1' },
    ],
    models: [
      { name: 'sim', targets: [{ provider: 'a', model: 'sim', price }], retries },
      // Another model, for a rate limit lets a target rest.
      { name: 'limited', targets: ['a', 'b'].map((provider) => ({ provider, model: 'sim-small', price })), retries },
      {
        name: 'twice',
        targets: [
          { provider: 'a', model: 'sim', price },
          { provider: 'b', model: 'sim', price },
        ],
        retries,
      },
      { name: 'down', targets: [{ provider: 'closed', model: 'sim' }], retries },
      { name: 'recorded', targets: [{ provider: 'recorder', model: 'sim' }] },
    ],
    policies: [{ name: 'default' }],
    organizations: [
      {
        name: 'acme',
        teams: [
          { name: 'red', keys: [{ name: 'red', key: '${RED_KEY}' }] },
          { name: 'blue', keys: [{ name: 'blue', key: '${BLUE_KEY}' }] },
        ],
      },
    ],
  };
}
