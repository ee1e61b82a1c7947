import type { ProviderConfig } from '@sluice/contracts';
import { Pool } from 'undici';
import type { ProviderAdapter, Transport } from './providers/provider-adapter.ts';

/** An idle connection is kept this long where the provider does not say less. */
const keepAliveMs = 20_000;

export interface TransportWish {
  readonly config: ProviderConfig;
  readonly adapter: ProviderAdapter;
  readonly origin: string;
  readonly apiKey: string | undefined;
}

/**
 * Connections to providers: one pool for all accounts of one, or one transport for each account where a library does the
 * calls. Those whose settings did not change outlive a new configuration.
 */
export class TransportSet {
  #kept = new Map<string, Transport>();
  #next = new Map<string, Transport>();

  /** Begins a new configuration. */
  begin(): void {
    this.#next = new Map();
  }

  use(wish: TransportWish): Transport {
    const key = keyOf(wish);
    const transport = this.#next.get(key) ?? this.#kept.get(key) ?? open(wish);
    this.#next.set(key, transport);
    return transport;
  }

  /** What the new configuration did not use closes once its calls have ended. */
  finish(): void {
    for (const [key, transport] of this.#kept) if (!this.#next.has(key)) void transport.close();
    this.#kept = this.#next;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#kept.values()].map((transport) => transport.destroy()));
  }
}

function keyOf({ config, adapter, origin, apiKey }: TransportWish): string {
  if (adapter.openTransport !== undefined) return JSON.stringify([config, apiKey]);
  return `${config.name} ${origin} ${config.maxConnections} ${config.timeouts.connect}`;
}

function open({ config, adapter, origin, apiKey }: TransportWish): Transport {
  if (adapter.openTransport !== undefined) return adapter.openTransport(config, apiKey);
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
