import type { Catalog } from '@sluice/catalog';
import { type Dialect, dialects, type ModelConfig, type Snapshot, type TargetConfig } from '@sluice/contracts';
import type { Logger } from 'pino';
import type { Environment } from './credentials.ts';
import { compileEndpoints } from './endpoints/compile-endpoints.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import { HealthChecks } from './health-checks.ts';
import type { RouterMetrics } from './router-metrics.ts';
import type { BreakerBoard } from './resilience/breaker-board.ts';
import type { BreakerPolicy, BreakerTransition } from './resilience/circuit-breaker.ts';
import { HedgeTimer } from './resilience/hedge-timer.ts';
import { RetryBudget, retryReserve } from './resilience/retry-budget.ts';
import { compileOrder } from './strategies/compile-order.ts';
import type { StrategyTools, TargetOrder } from './strategies/strategy.ts';
import type { Target } from './target.ts';
import { TargetHealth } from './target-health.ts';
import { priceTarget } from './target-price.ts';
import type { Upstream } from './upstream.ts';
import { Upstreams } from './upstreams.ts';

/** What a model name leads to. */
export interface Route {
  readonly model: ModelConfig;
  /** Usable targets only; empty where the credentials or addresses of all are missing. */
  readonly targets: readonly Target[];
  readonly order: TargetOrder;
  readonly retryBudget: RetryBudget;
  /** Undefined where calls of the model are not hedged. */
  readonly hedge: HedgeTimer | undefined;
}

export interface RoutingTableTools extends StrategyTools {
  /** Prices of a snapshot: its providers and overrides are part of them. */
  readonly catalog: (snapshot: Snapshot) => Catalog;
  readonly environment: Environment;
  readonly log: Logger;
  readonly metrics: RouterMetrics;
  /** Shares what is found ill with the other routers; undefined: each goes by its own calls. */
  readonly board: BreakerBoard | undefined;
}

/** The models of the snapshot in force, compiled once for each; connections and health live on from one to the next. */
export class RoutingTable {
  readonly #tools: RoutingTableTools;
  readonly #upstreams: Upstreams;
  readonly #checks: HealthChecks;
  #health = new Map<string, TargetHealth>();
  #routes = new Map<string, Route>();

  constructor(tools: RoutingTableTools) {
    this.#tools = tools;
    this.#upstreams = new Upstreams(tools.environment, tools.log);
    this.#checks = new HealthChecks(tools);
  }

  find(model: string): Route | undefined {
    return this.#routes.get(model);
  }

  compile(snapshot: Snapshot): void {
    const upstreams = this.#upstreams.compile(snapshot.providers);
    const catalog = this.#tools.catalog(snapshot);
    const health = new Map<string, TargetHealth>();
    const routes = new Map<string, Route>();
    for (const model of snapshot.models) {
      const targets = model.targets.flatMap((config): Target[] => {
        const upstream = upstreams.get(config.provider);
        if (upstream === undefined) return [];
        const key = `${config.provider}/${config.model}`;
        const healthOfTarget = this.#healthOf(key, health, model);
        return [
          {
            key,
            config,
            upstream,
            endpoints: this.#endpoints(upstream, config, model),
            health: healthOfTarget,
            metrics: this.#tools.metrics.forTarget(config.provider, config.model),
            price: priceTarget(catalog, config),
          },
        ];
      });
      const route = this.#route(model, targets);
      for (const name of [model.name, ...model.aliases]) routes.set(name, route);
      this.#report(model, targets);
    }
    this.#health = health;
    this.#routes = routes;
    this.#checks.use(
      upstreams.values(),
      [...routes.values()].flatMap((route) => route.targets),
    );
    this.#tools.board?.use(new Map([...health].map(([key, { breaker }]) => [key, breaker])));
  }

  async close(): Promise<void> {
    await this.#checks.close();
    await this.#upstreams.close();
  }

  #route(model: ModelConfig, targets: readonly Target[]): Route {
    return {
      model,
      targets,
      order: compileOrder(model, targets, this.#tools),
      retryBudget: new RetryBudget({ share: model.retries.budget, ...retryReserve }),
      hedge: model.hedge === undefined ? undefined : new HedgeTimer(model.hedge),
    };
  }

  /** A target that several models name has one health, and the strictest of their policies. */
  #healthOf(key: string, used: Map<string, TargetHealth>, { breaker }: ModelConfig): TargetHealth {
    const policy = policyOf(breaker);
    const shared = used.get(key);
    const known = shared ?? this.#health.get(key);
    known?.breaker.usePolicy(shared === undefined ? policy : strictest(shared.breaker.policy, policy));
    const health =
      known ??
      new TargetHealth(policy, (transition) => {
        this.#changed(key, transition);
      });
    used.set(key, health);
    return health;
  }

  #changed(target: string, transition: BreakerTransition): void {
    const { board, log, metrics } = this.#tools;
    board?.tell(target, transition);
    metrics.breaker(target, transition.to);
    if (transition.to === 'open') log.warn({ target, cause: transition.cause }, 'target is left out for a while: its breaker opened');
    if (transition.to === 'closed') log.info({ target }, 'target is asked again: its breaker closed');
  }

  #endpoints(upstream: Upstream, { model, provider }: TargetConfig, { onUnsupported }: ModelConfig): Target['endpoints'] {
    const wires = upstream.adapter.wires(upstream.config, model);
    const target = `provider "${provider}"`;
    const options = { basePath: upstream.basePath, model, onUnsupported, target, clock: this.#tools.clock };
    const endpoints: Partial<Record<Dialect, readonly Endpoint[]>> = {};
    for (const dialect of dialects) {
      const ways = compileEndpoints(dialect, wires, options);
      if (ways.length > 0) endpoints[dialect] = ways;
    }
    return endpoints;
  }

  #report(model: ModelConfig, targets: readonly Target[]): void {
    const { log } = this.#tools;
    if (targets.length === 0) log.error({ model: model.name }, 'model has no usable target: every request for it will be refused');
  }
}

function policyOf({ enabled, failures, failureRate, openFor }: ModelConfig['breaker']): BreakerPolicy {
  return enabled ? { failures, failureRate, openForMs: openFor } : { failures: Infinity, failureRate: Infinity, openForMs: openFor };
}

function strictest(left: BreakerPolicy, right: BreakerPolicy): BreakerPolicy {
  return {
    failures: Math.min(left.failures, right.failures),
    failureRate: Math.min(left.failureRate, right.failureRate),
    openForMs: Math.max(left.openForMs, right.openForMs),
  };
}
