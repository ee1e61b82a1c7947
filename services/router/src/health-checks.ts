import { Pool } from 'undici';
import { HealthChecker, type HealthCheckerTools } from './resilience/health-checker.ts';
import type { Target } from './target.ts';
import type { Upstream } from './upstream.ts';

/** The checks of the providers that ask for them; made anew for each snapshot. */
export class HealthChecks {
  readonly #tools: HealthCheckerTools;
  #checkers: readonly HealthChecker[] = [];

  constructor(tools: HealthCheckerTools) {
    this.#tools = tools;
  }

  /** Ends the checks so far, and begins those of these providers. */
  use(upstreams: Iterable<Upstream>, targets: readonly Target[]): void {
    void this.close();
    this.#checkers = [...upstreams].flatMap((upstream) => this.#check(upstream, targets) ?? []);
  }

  async close(): Promise<void> {
    const ended = this.#checkers;
    this.#checkers = [];
    await Promise.all(ended.map((checker) => checker.close()));
  }

  #check(upstream: Upstream, targets: readonly Target[]): HealthChecker | undefined {
    const { healthCheck } = upstream.config;
    const account = upstream.accounts.first;
    // A provider behind a library has no address of its own that could be asked.
    if (healthCheck === undefined || !(account.transport instanceof Pool)) return undefined;
    const breakers = new Set(targets.filter((target) => target.upstream === upstream).map(({ health }) => health.breaker));
    const { origin, basePath } = upstream;
    const path = basePath + healthCheck.path;
    return new HealthChecker(
      {
        dispatcher: account.transport,
        origin,
        path,
        headers: async () => pairs(await account.authorize({ origin, path, body: new Uint8Array(0), now: this.#tools.clock() })),
        intervalMs: healthCheck.interval,
        timeoutMs: healthCheck.timeout,
        breakers: () => breakers,
      },
      this.#tools,
    );
  }
}

/** Names and values in turn as an object. */
function pairs(list: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let index = 0; index + 1 < list.length; index += 2) headers[list[index] ?? ''] = list[index + 1] ?? '';
  return headers;
}
