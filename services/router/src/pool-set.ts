import type { ProviderConfig } from '@sluice/contracts';
import { Pool } from 'undici';

/** An idle connection is kept this long where the provider does not say less. */
const keepAliveMs = 20_000;

/** One pool of connections a provider; those whose address and limits did not change outlive a new configuration. */
export class PoolSet {
  #pools = new Map<string, Pool>();

  /** The pools for these providers; those that no provider needs any more close once their calls have ended. */
  use(providers: readonly { readonly config: ProviderConfig; readonly origin: string }[]): ReadonlyMap<string, Pool> {
    const kept = new Map<string, Pool>();
    const byProvider = new Map<string, Pool>();
    for (const { config, origin } of providers) {
      const key = `${config.name} ${origin} ${config.maxConnections} ${config.timeouts.connect}`;
      const pool = this.#pools.get(key) ?? openPool(config, origin);
      kept.set(key, pool);
      byProvider.set(config.name, pool);
    }
    for (const [key, pool] of this.#pools) if (!kept.has(key)) void pool.close();
    this.#pools = kept;
    return byProvider;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
  }
}

function openPool(config: ProviderConfig, origin: string): Pool {
  return new Pool(origin, {
    connections: config.maxConnections,
    pipelining: 1,
    keepAliveTimeout: keepAliveMs,
    connect: { timeout: config.timeouts.connect },
    // The sweeper holds the time limits of a call; undici's would be a second timer for each.
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
  });
}
