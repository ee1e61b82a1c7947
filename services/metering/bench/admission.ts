/** What an admission costs: `node bench/admission.ts`. One request with 6 scopes, three limits each, leases in hand; against the same without any limit. */
import type { BudgetConfig, LimitsConfig } from '@sluice/contracts';
import { Admission } from '../src/admission/admission.ts';
import { sampleRequest, sampleSnapshot, type SampleLimits } from '../src/metering-samples.ts';

const rounds = 5;
const requests = 200_000;
const limits: LimitsConfig = { requestsPerMinute: 1_000_000_000, tokensPerMinute: 1_000_000_000 };
const budgets: BudgetConfig[] = [{ usd: 8_000_000, window: 'month' }];
const all: SampleLimits = {
  key: limits,
  keyBudgets: budgets,
  team: { ...limits, concurrency: 1_000_000 },
  organization: limits,
  budgets,
  scopes: [
    { user: '*', limits, budgets },
    { model: 'chat', limits, budgets },
    { tag: { name: 'project', value: '*' }, limits, budgets },
  ],
};

for (const [name, configured] of [
  ['no limits', {}],
  ['6 scopes, 18 limits', all],
] as const) {
  const admission = new Admission(sampleSnapshot(configured), {
    // Gives all that is asked, at once: what is measured is the way of a request while leases last.
    store: {
      renew: (_state, asked) =>
        Promise.resolve(
          asked.map(({ quota }) => ({
            quota,
            granted: quota.definition.allowed,
            totalUsed: 0,
            carried: 0,
            starved: false,
            turn: false,
          })),
        ),
    },
    clock: Date.now,
    instance: 'bench',
    leaseMs: 600_000,
    patienceMs: 0,
    mostOutputTokens: 512,
    log: { warn: () => undefined, info: () => undefined },
  });
  await admission.admit(asked('warm'));
  for (let round = 0; round < rounds; round += 1) {
    const before = process.cpuUsage();
    for (let index = 0; index < requests; index += 1) {
      const request = asked(`r${index}`);
      if (admission.admit(request) !== undefined) throw new Error('refused');
      admission.states(request);
      admission.settle(request.requestId, { input: 10, output: 20, costNanoUsd: 20_000_000 });
    }
    const { user, system } = process.cpuUsage(before);
    const nanoseconds = ((user + system) * 1_000) / requests;
    process.stdout.write(`${name}: ${nanoseconds.toFixed(0)} ns of processor time for admission, state of limits and settlement\n`);
  }
}

function asked(id: string): ReturnType<typeof sampleRequest> {
  return sampleRequest(id, { user: 'user-1', tags: { project: 'search' }, deadline: Date.now() + 60_000 });
}
