import { isRecord, type ProviderConfig } from '@sluice/contracts';
import type { Dispatcher } from 'undici';
import type { Transport } from '../provider-adapter.ts';
import { AiSdkCall, type AiSdkTask } from './ai-sdk-call.ts';
import { type LoadedProvider, loadProvider, SetupError } from './load-provider.ts';

/** Headers of the router's own call, which mean nothing to the one that the package makes. */
const ownHeaders = new Set([
  'content-type',
  'content-length',
  'accept',
  'accept-encoding',
  'host',
  'user-agent',
  'authorization',
  'connection',
]);

/** Carries calls to a package of the AI SDK in place of HTTP. The package is loaded with the first of them. */
export class AiSdkTransport implements Transport {
  readonly #config: ProviderConfig;
  readonly #apiKey: string | undefined;
  readonly #calls = new Map<AiSdkCall, Promise<void>>();
  #provider: Promise<LoadedProvider> | undefined;

  constructor(config: ProviderConfig, apiKey: string | undefined) {
    this.#config = config;
    this.#apiKey = apiKey;
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const task = readTask(options);
    const call = new AiSdkCall(handler);
    // Microtask: as with a pool, nobody hears of the call before `dispatch` has returned.
    const ended = Promise.resolve()
      .then(() => call.run(this.#load(), task))
      .finally(() => this.#calls.delete(call));
    this.#calls.set(call, ended);
    return true;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#calls.values());
  }

  async destroy(): Promise<void> {
    for (const call of this.#calls.keys()) call.abort(new Error('the transport was closed'));
    await this.close();
  }

  /** One provider for all calls; a package that could not be loaded is tried again, for it may have been installed. */
  #load(): Promise<LoadedProvider> {
    if (this.#provider === undefined) {
      this.#provider = this.#open();
      this.#provider.catch(() => {
        this.#provider = undefined;
      });
    }
    return this.#provider;
  }

  async #open(): Promise<LoadedProvider> {
    const { aiSdk, baseUrl } = this.#config;
    if (aiSdk === undefined) throw new SetupError('Set aiSdk.package for this provider.');
    return loadProvider(aiSdk, {
      ...(this.#apiKey === undefined ? {} : { apiKey: this.#apiKey }),
      ...(baseUrl === undefined ? {} : { baseURL: baseUrl }),
    });
  }
}

/** Path and body are the codec's own making: `/generate/<model>` behind that of the base address, and call options in JSON. */
function readTask({ path, headers, body }: Dispatcher.DispatchOptions): AiSdkTask {
  const [model = '', kind] = path.split('/').reverse();
  const call: unknown = JSON.parse(body instanceof Uint8Array ? Buffer.from(body).toString() : '{}');
  return {
    kind: kind === 'stream' || kind === 'embed' ? kind : 'generate',
    model: decodeURIComponent(model),
    call: isRecord(call) ? call : {},
    headers: passedHeaders(headers),
  };
}

/** Names and values in turn, as the router gives them. */
function passedHeaders(headers: Dispatcher.DispatchOptions['headers']): Readonly<Record<string, string>> {
  const list: readonly unknown[] = Array.isArray(headers) ? headers : [];
  const passed: Record<string, string> = {};
  for (let index = 0; index + 1 < list.length; index += 2) {
    const name = String(list[index]).toLowerCase();
    if (!ownHeaders.has(name)) passed[name] = String(list[index + 1]);
  }
  return passed;
}
