/**
 * What a request over two stages costs the processes on its way: `node libs/bus/bench/slip.ts [requests] [rounds]`. Dispatcher and stages are in this
 * process, over connections of their own and a real nats-server, so the figure is their sum; 64 requests are under way. A stream has 16 chunks.
 */
import { startNatsServer, sampleEnvelope } from '@sluice/testing';
import { connectBus, defineStage, forward, reply, replyStream, type Bus, type ExchangeListener } from '../src/index.ts';

const requests = Number(process.argv[2] ?? 10_000);
const rounds = Number(process.argv[3] ?? 12);
const underWay = 64;
const chunk = Buffer.from(`data: ${'x'.repeat(120)}\n\n`);
const chunks = 16;

const server = await startNatsServer();
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const open = (service: string): Promise<Bus> =>
  connectBus({
    servers: server.url,
    service,
    version: '0.1.0',
    description: 'measures',
    log: silent,
    tracing: false,
    hopBudgetMs: 60_000,
    echo: true,
  });
const [ingress, guardrail, router] = await Promise.all([open('ingress'), open('guardrail'), open('router')]);
const limits = { version: '0.1.0', description: 'measures', concurrency: 1_024, queueLimit: 1_024 };
const answer = { status: 200, contentType: 'application/json', attempts: [] };
const body = Buffer.from(JSON.stringify({ model: 'sim', messages: [{ role: 'user', content: 'x'.repeat(1_000) }] }));
await guardrail.serveStage(defineStage({ ...limits, name: 'guardrail', handle: () => forward({ found: {} }) }));
await router.serveStage(
  defineStage({
    ...limits,
    name: 'router',
    handle: ({ envelope }) =>
      envelope.stream ? replyStream({ head: answer, chunks: parts(), end: () => ({ finishReason: 'stop' }) }) : reply({ answer, body }),
  }),
);
const dispatcher = await ingress.createDispatcher({ hopBudgetMs: 60_000 });
while (!dispatcher.presence.isLive('router') || !dispatcher.presence.isLive('guardrail'))
  await new Promise((resolve) => setTimeout(resolve, 10));

async function* parts(): AsyncGenerator<Uint8Array> {
  for (let count = 0; count < chunks; count += 1) yield await Promise.resolve(chunk);
}

let made = 0;
function ask(stream: boolean): Promise<void> {
  made += 1;
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const listener: ExchangeListener = {
    unmask: () => undefined,
    head: () => undefined,
    chunk: (_bytes, written) => {
      written();
    },
    final: () => {
      resolve(undefined);
    },
    error: ({ error }) => {
      reject(new Error(error.message));
    },
  };
  const envelope = sampleEnvelope({ id: `req_${String(made).padStart(26, '0')}`, stream, receivedAt: Date.now() });
  const request = { envelope, body, slip: ['guardrail', 'router'], deadline: Date.now() + 60_000, onUnavailable: () => 'refuse' as const };
  dispatcher.dispatch(request, listener);
  return promise;
}

async function microsOf(count: number, stream: boolean): Promise<number> {
  const before = process.cpuUsage();
  let left = count;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await ask(stream);
  };
  await Promise.all(Array.from({ length: underWay }, worker));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

const lowerQuartile = (values: number[]): string =>
  (values.sort((left, right) => left - right)[Math.floor(values.length / 4)] ?? 0).toFixed(1);
const plain: number[] = [];
const streamed: number[] = [];
for (let round = 0; round < rounds; round += 1) {
  plain.push(await microsOf(requests, false));
  streamed.push(await microsOf(requests / 4, true));
}
console.log(
  `${rounds} rounds of ${requests} plain and ${requests / 4} streamed requests, lower quartile: ${lowerQuartile(plain)} µs of CPU a plain request, ${lowerQuartile(streamed)} µs a stream`,
);
await Promise.all([ingress.close(), guardrail.close(), router.close()]);
await server.stop();
process.exit();
