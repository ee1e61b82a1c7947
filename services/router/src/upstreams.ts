import { type ProviderConfig, usualForwardHeaders } from '@sluice/contracts';
import type { Logger } from 'pino';
import { type Environment, replaceSecrets, resolveCredential } from './credentials.ts';
import { MissingWires } from './endpoints/missing-wires.ts';
import { compileForwardedHeaders } from './forwarded-headers.ts';
import { providerAdapters } from './providers/provider-adapters.ts';
import { CredentialRing } from './resilience/credential-ring.ts';
import { TransportSet } from './transport-set.ts';
import type { Account, Upstream } from './upstream.ts';

/** The providers of the snapshot in force. */
export class Upstreams {
  readonly #environment: Environment;
  readonly #log: Logger;
  readonly #transports = new TransportSet();

  constructor(environment: Environment, log: Logger) {
    this.#environment = environment;
    this.#log = log;
  }

  /** Usable providers by name; the log says of the others what to set. */
  compile(providers: readonly ProviderConfig[]): ReadonlyMap<string, Upstream> {
    this.#transports.begin();
    const upstreams = new Map<string, Upstream>();
    for (const config of providers) {
      try {
        upstreams.set(config.name, this.#compile(config));
      } catch (thrown) {
        const problem = thrown instanceof Error ? thrown.message : 'its settings cannot be read';
        this.#log.error({ provider: config.name }, `provider is unusable: ${problem}`);
      }
    }
    this.#transports.finish();
    return upstreams;
  }

  async close(): Promise<void> {
    await this.#transports.close();
  }

  /** @throws Error that says what the operator has to set */
  #compile(written: ProviderConfig): Upstream {
    const config = replaceSecrets(written, this.#environment);
    const adapter = providerAdapters[config.type];
    const address = adapter.baseUrl(config);
    if (address === undefined) throw new Error('set its baseUrl');
    const url = new URL(address);
    return {
      config,
      adapter,
      origin: url.origin,
      host: url.hostname,
      basePath: url.pathname.replace(/\/+$/, ''),
      accounts: new CredentialRing(this.#accounts(config, url.origin)),
      missing: new MissingWires(),
      fixedHeaders: ['content-type', 'application/json', ...Object.entries(config.headers).flat()],
      forwards: compileForwardedHeaders([...config.forwardHeaders, ...(usualForwardHeaders[config.type] ?? [])]),
    };
  }

  #accounts(config: ProviderConfig, origin: string): Account[] {
    const adapter = providerAdapters[config.type];
    const written = config.apiKeys ?? [{ key: config.apiKey, weight: 1 }];
    const problems: string[] = [];
    const accounts = written.flatMap(({ key, weight }): Account[] => {
      const credential = resolveCredential(key, adapter.requiresApiKey, this.#environment);
      if ('missing' in credential) {
        problems.push(credential.missing);
        return [];
      }
      const { apiKey } = credential;
      const transport = this.#transports.use({ config, adapter, origin, apiKey });
      return [{ weight, authorize: adapter.authorizer(apiKey, config), transport, secret: apiKey }];
    });
    if (accounts.length === 0) throw new Error(problems.join('; '));
    for (const problem of problems) this.#log.error({ provider: config.name }, `one of the provider's keys is unusable: ${problem}`);
    return accounts;
  }
}
