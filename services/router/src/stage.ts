import { defineStage, type Outcome, refuse, type Stage, type StageRequest } from '@sluice/bus';
import type { Catalog } from '@sluice/catalog';
import { SluiceError, type Snapshot } from '@sluice/contracts';
import type { Embedder } from '@sluice/embedding';
import type { ConfigurationStore } from '@sluice/runtime';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { AttemptTools } from './attempt.ts';
import type { Environment } from './credentials.ts';
import { FailureReport } from './failure-report.ts';
import { createLocalCounter } from './local-token-counter.ts';
import { createProviderTracer } from './provider-tracer.ts';
import { askForMore, type Extend } from './reservation/ask-for-more.ts';
import { routeRequest } from './route-request.ts';
import type { RequestTools } from './run.ts';
import { createRouterMetrics } from './router-metrics.ts';
import type { BreakerBoard } from './resilience/breaker-board.ts';
import { RoutingTable } from './routing-table.ts';
import type { RouterSettings } from './settings.ts';
import { Sweeper } from './sweeper.ts';

export const description = 'Calls model providers: balancing, retries, failover, streams.';

export interface RouterDependencies {
  readonly settings: RouterSettings;
  readonly configuration: ConfigurationStore;
  readonly catalog: (snapshot: Snapshot) => Catalog;
  /** Where `${NAME}` of a provider's key is looked up. */
  readonly environment: Environment;
  readonly clock: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Registry;
  /** True where spans are exported. */
  readonly tracing: boolean;
  /** Shares what is found ill with the other routers; undefined: this one goes by its own calls. */
  readonly board: BreakerBoard | undefined;
  /** Asks metering for more than was reserved. */
  readonly extend: Extend;
  /** Where calls are written before they are made. */
  readonly journal?: AttemptTools['journal'];
  /** The one encoder of this process, for models with the strategy `semantic`. */
  readonly embedder?: () => Embedder;
}

export interface RouterStage extends Stage {
  /** Closes the connections to all providers; calls under way fail. */
  close(): Promise<void>;
}

/** The last stage of the slip: finds who serves the model, asks them in turn, and answers. */
export function createStage(dependencies: RouterDependencies): RouterStage {
  const { settings, configuration, clock, random, log } = dependencies;
  const metrics = createRouterMetrics(dependencies.metrics);
  const table = new RoutingTable({ ...dependencies, metrics });
  table.compile(configuration.current);
  configuration.onChange((snapshot) => {
    table.compile(snapshot);
  });
  const sweeper = new Sweeper(clock, settings.SWEEP_INTERVAL_MS);
  const tools: RequestTools = {
    clock,
    random,
    tracer: dependencies.tracing ? createProviderTracer() : undefined,
    sweeper,
    acceptAfterMs: settings.ACCEPT_AFTER_MS,
    maxAnswerBytes: settings.MAX_ANSWER_BYTES,
    journal: dependencies.journal,
    report: new FailureReport(clock, log),
    ask: askForMore(dependencies.extend, metrics.asked),
  };
  const count = createLocalCounter();
  const countRequest = async ({ body }: StageRequest): Promise<Outcome> => count(body.inline ?? (await body.bytes()));
  const stage = defineStage({
    name: 'router',
    version: '0.1.0',
    description,
    concurrency: settings.ROUTER_CONCURRENCY,
    queueLimit: settings.ROUTER_QUEUE_LIMIT,
    handle(request, context) {
      const { model, dialect } = request.envelope;
      const route = table.find(model);
      if (route === undefined) return refuse(unknownModel(model));
      if (route.targets.length === 0) return refuse(noUsableTarget(model));
      if (dialect === 'anthropic-count-tokens' && !route.targets.some((target) => dialect in target.endpoints)) {
        return countRequest(request);
      }
      return routeRequest(tools, request, context, route, (name) => table.find(name));
    },
  });
  return {
    ...stage,
    async close() {
      sweeper.close();
      await table.close();
    },
  };
}

function unknownModel(model: string): SluiceError {
  return new SluiceError('model_not_found', `The model "${model}" does not exist; GET /v1/models lists those that do.`, { param: 'model' });
}

function noUsableTarget(model: string): SluiceError {
  return new SluiceError(
    'provider_error',
    `No provider of model "${model}" can be used: the gateway lacks its credentials or address. The router's log names what to set.`,
  );
}
