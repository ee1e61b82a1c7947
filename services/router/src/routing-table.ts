import type { Catalog } from '@sluice/catalog';
import type { Dialect, ModelConfig, ProviderConfig, Snapshot } from '@sluice/contracts';
import { dialects } from '@sluice/contracts';
import type { Logger } from 'pino';
import { type Environment, resolveCredential } from './credentials.ts';
import { compileForwardedHeaders } from './forwarded-headers.ts';
import { PoolSet } from './pool-set.ts';
import type { ProviderAdapter } from './providers/provider-adapter.ts';
import { providerAdapters } from './providers/provider-adapters.ts';
import type { RouterMetrics } from './router-metrics.ts';
import { strategies } from './strategies/strategies.ts';
import type { StrategyTools, TargetOrder } from './strategies/strategy.ts';
import type { Target } from './target.ts';
import { type CooldownPolicy, TargetHealth } from './target-health.ts';
import { priceTarget } from './target-price.ts';

/** What a model name leads to. */
export interface Route {
  readonly model: ModelConfig;
  /** Usable targets only; empty where the credentials or addresses of all are missing. */
  readonly targets: readonly Target[];
  readonly order: TargetOrder;
}

export interface RoutingTableTools extends StrategyTools {
  /** Prices of a snapshot: its providers and overrides are part of them. */
  readonly catalog: (snapshot: Snapshot) => Catalog;
  readonly environment: Environment;
  readonly log: Logger;
  readonly metrics: RouterMetrics;
  readonly cooldown: CooldownPolicy;
}

interface UsableProvider {
  readonly config: ProviderConfig;
  readonly adapter: ProviderAdapter;
  readonly origin: string;
  readonly host: string;
  /** Path of the base address, without a slash at its end. */
  readonly basePath: string;
  readonly apiKey: string | undefined;
}

/** The models of the snapshot in force, compiled once for each; connections and health live on from one to the next. */
export class RoutingTable {
  readonly #tools: RoutingTableTools;
  readonly #pools = new PoolSet();
  #health = new Map<string, TargetHealth>();
  #routes = new Map<string, Route>();

  constructor(tools: RoutingTableTools) {
    this.#tools = tools;
  }

  find(model: string): Route | undefined {
    return this.#routes.get(model);
  }

  compile(snapshot: Snapshot): void {
    const usable = snapshot.providers.flatMap((provider) => this.#usable(provider) ?? []);
    const pools = this.#pools.use(usable);
    const providers = new Map(usable.map((provider) => [provider.config.name, provider]));
    const catalog = this.#tools.catalog(snapshot);
    const health = new Map<string, TargetHealth>();
    const routes = new Map<string, Route>();
    for (const model of snapshot.models) {
      const targets = model.targets.flatMap((target): Target[] => {
        const provider = providers.get(target.provider);
        const pool = pools.get(target.provider);
        if (provider === undefined || pool === undefined) return [];
        const key = `${target.provider}/${target.model}`;
        const healthOfTarget = health.get(key) ?? this.#health.get(key) ?? new TargetHealth(this.#tools.cooldown);
        health.set(key, healthOfTarget);
        return [
          { key, config: target, pool, health: healthOfTarget, price: priceTarget(catalog, target), ...this.#fixedParts(provider, target) },
        ];
      });
      routes.set(model.name, { model, targets, order: strategies[model.strategy](targets, this.#tools) });
      this.#report(model, targets);
    }
    this.#health = health;
    this.#routes = routes;
  }

  async close(): Promise<void> {
    await this.#pools.close();
  }

  #usable(config: ProviderConfig): UsableProvider | undefined {
    const adapter = providerAdapters[config.type];
    const { log, environment } = this.#tools;
    const address = config.baseUrl ?? adapter.defaultBaseUrl;
    if (address === undefined) {
      log.error({ provider: config.name }, 'provider is unusable: set its baseUrl');
      return undefined;
    }
    const credential = resolveCredential(config.apiKey, adapter.requiresApiKey, environment);
    if ('missing' in credential) {
      log.error({ provider: config.name }, `provider is unusable: ${credential.missing}`);
      return undefined;
    }
    const url = new URL(address);
    return {
      config,
      adapter,
      origin: url.origin,
      host: url.hostname,
      basePath: url.pathname.replace(/\/+$/, ''),
      apiKey: credential.apiKey,
    };
  }

  #fixedParts(
    provider: UsableProvider,
    target: ModelConfig['targets'][number],
  ): Omit<Target, 'key' | 'config' | 'pool' | 'health' | 'price'> {
    const { config, adapter, host, basePath, apiKey } = provider;
    const paths: Partial<Record<Dialect, string>> = {};
    for (const dialect of dialects) {
      const endpoint = adapter.endpoints[dialect];
      if (endpoint !== undefined) paths[dialect] = basePath + endpoint.path;
    }
    return {
      provider: config,
      adapter,
      host,
      paths,
      fixedHeaders: ['content-type', 'application/json', ...(apiKey === undefined ? [] : adapter.credentialHeaders(apiKey))],
      forwards: compileForwardedHeaders(config.forwardHeaders),
      secret: apiKey,
      metrics: this.#tools.metrics.forTarget(config.name, target.model),
    };
  }

  #report(model: ModelConfig, targets: readonly Target[]): void {
    const { log } = this.#tools;
    if (targets.length === 0) log.error({ model: model.name }, 'model has no usable target: every request for it will be refused');
    if (model.strategy === 'semantic')
      log.error({ model: model.name }, 'strategy "semantic" is not supported: every request for this model will be refused');
  }
}
