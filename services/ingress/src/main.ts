import { calls, streams, subjects } from '@sluice/contracts';
import { runService, version } from '@sluice/runtime';
import { compileEdge } from './edge-configuration.ts';
import { IdempotentRequests } from './idempotent-requests.ts';
import { Ingress } from './ingress.ts';
import { IngressMetrics } from './ingress-metrics.ts';
import { KeyAuthenticator } from './key-authenticator.ts';
import { createRequestIds } from './request-id.ts';
import { missingStages } from './required-stages.ts';
import { createServerSpans, passThroughSpans } from './server-spans.ts';
import { buildServer } from './server.ts';
import { settingsSchema } from './settings.ts';

const authenticateTimeoutMs = 2_000;

await runService({
  name: 'ingress',
  description: 'HTTP edge: authentication, dialects, routing slip, streaming',
  settings: settingsSchema,
  start: async ({ settings, bus, log, metrics, configuration, onClose, readiness, health, clock, tracing }) => {
    await bus.ensureStream({ name: streams.usage, subjects: [subjects.anyUsage], maxAgeMs: 7 * 86_400_000, duplicateWindowMs: 600_000 });
    const dispatcher = await bus.createDispatcher({ hopBudgetMs: settings.SLUICE_HOP_BUDGET_MS });
    onClose('dispatcher', dispatcher);
    const store = await configuration();
    const keys = new KeyAuthenticator(
      async (keySha256) => {
        const answer = await bus.request(calls.authenticateKey, { keySha256 }, { timeoutMs: authenticateTimeoutMs });
        return answer.known ? answer.principal : undefined;
      },
      clock,
      settings.INGRESS_KEY_CACHE_MS,
    );
    let compiled = compileEdge(store.current);
    store.onChange((snapshot) => {
      compiled = compileEdge(snapshot);
      keys.configurationChanged();
    });
    const startedAt = clock();
    readiness('stages', () => missingStages(store.current, dispatcher.presence, clock() - startedAt));
    const edge = { routes: () => compiled.routes, directory: () => compiled.directory, bus };
    const ingress = new Ingress({
      ...edge,
      dispatcher,
      usage: await bus.createEventPublisher('ingress'),
      audit: await bus.createEventPublisher('ingress-audit'),
      clock,
      metrics: new IngressMetrics(metrics),
      spans: tracing ? createServerSpans() : passThroughSpans,
      price: () => compiled.price,
      idempotency: new IdempotentRequests(clock),
      concurrency: settings.INGRESS_CONCURRENCY,
      eventBacklog: settings.INGRESS_EVENT_BACKLOG,
    });
    const server = buildServer({
      ingress,
      authenticate: (headers) => keys.authenticate(headers),
      newRequestId: createRequestIds(clock),
      maxBodyBytes: settings.INGRESS_MAX_BODY_BYTES,
      information: { health, metrics, version },
      keyRoutes: edge,
      checks: edge,
      log,
    });
    await server.listen({ host: settings.SLUICE_HOST, port: settings.SLUICE_PORT });
    onClose('http', () => server.close());
  },
});
