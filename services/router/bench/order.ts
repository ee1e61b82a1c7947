/** Time that the choice of a target and its bookkeeping take of each request: `node bench/order.ts`. No server, no network. */
import { type Envelope, strategies as names } from '@sluice/contracts';
import { sampleEnvelope } from '@sluice/testing';
import { CircuitBreaker } from '../src/resilience/circuit-breaker.ts';
import { CredentialRing } from '../src/resilience/credential-ring.ts';
import { LatencyQuantile } from '../src/resilience/latency-quantile.ts';
import { RetryBudget, retryReserve } from '../src/resilience/retry-budget.ts';
import { compileOrder } from '../src/strategies/compile-order.ts';
import { routeFacts } from '../src/strategies/route-facts.ts';
import { seededRandom } from '../src/strategies/seeded-random.ts';
import { candidate } from '../src/strategies/strategy-bench.ts';

const rounds = 200_000;
const warmUp = 20_000;

function measure(name: string, work: () => unknown): void {
  for (let round = 0; round < warmUp; round++) work();
  const startedAt = process.hrtime.bigint();
  for (let round = 0; round < rounds; round++) work();
  const nanoseconds = Number(process.hrtime.bigint() - startedAt) / rounds;
  process.stdout.write(`${name.padEnd(28)} ${nanoseconds.toFixed(0).padStart(7)} ns\n`);
}

const random = seededRandom(1);
const clock = Date.now;
const targets = ['one', 'two', 'three'].map((name, index) => {
  const target = candidate(name, { weight: index + 1, ...(index === 0 ? { percent: 10 } : {}) });
  target.health.load.firstToken(100 + index, clock());
  return target;
});
const envelope: Envelope = sampleEnvelope({ user: 'alice' });
const body = JSON.stringify({
  messages: [
    { role: 'system', content: 'x'.repeat(4_000) },
    { role: 'user', content: 'Hello' },
  ],
});

for (const strategy of names) {
  if (strategy === 'semantic') continue; // the encoder's time: milliseconds, in another thread
  const order = compileOrder({ name: 'chat', strategy, sticky: false }, targets, { clock, random });
  measure(strategy, () => order(routeFacts(envelope, () => JSON.parse(body))));
}
const sticky = compileOrder({ name: 'chat', strategy: 'weighted', sticky: true }, targets, { clock, random });
measure('sticky by key', () => sticky({ envelope, conversation: () => 'conversation 1' }));
measure('sticky by a body of 4 KB', () => sticky(routeFacts(envelope, () => JSON.parse(body))));
const special = targets.map((target) => ({
  ...target,
  config: { ...target.config, when: { tags: { tier: ['gold'] }, users: ['alice'] } },
}));
const conditional = compileOrder({ name: 'chat', strategy: 'priority', sticky: false }, [...special, ...targets], { clock, random });
measure('conditions on three of six', () => conditional({ envelope }));

const breaker = new CircuitBreaker({ failures: 5, failureRate: 0.5, openForMs: 5_000 });
measure('breaker, begin and succeed', () => {
  const now = clock();
  breaker.succeeded(breaker.begin(now) ?? -1, now);
});
const budget = new RetryBudget({ share: 0.2, ...retryReserve });
measure('budget, first call', () => {
  budget.called(clock());
});
const ring = new CredentialRing([{ weight: 1 }, { weight: 2 }, { weight: 3 }]);
measure('credential of three', () => ring.take(clock()));
const times = new LatencyQuantile();
measure('quantile, add and read', () => {
  const now = clock();
  times.add(100 + random() * 900, now);
  return times.quantile(0.95, 20, now);
});
