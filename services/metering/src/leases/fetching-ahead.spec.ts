import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Admission, type AdmissionParts } from '../admission/admission.ts';
import { sampleRequest, sampleSnapshot } from '../metering-samples.ts';

const now = Date.UTC(2026, 0, 15, 12);

/** Gives all that is wanted, and counts how often it was asked. */
function openAdmission(): { admission: Admission; statements: () => number } {
  const granted = new Map<string, number>();
  let statements = 0;
  const renew: AdmissionParts['store']['renew'] = (_state, asked) => {
    statements += 1;
    return Promise.resolve(
      asked.map(({ quota, ask }) => {
        const sum = (granted.get(quota.meter) ?? 0) - ask.give + ask.want;
        granted.set(quota.meter, sum);
        return { quota, granted: sum, totalUsed: ask.used, carried: 0, starved: false, turn: false };
      }),
    );
  };
  const limits = { requestsPerDay: 1_000_000, tokensPerDay: 1_000_000_000, concurrency: 100_000 };
  const admission = new Admission(sampleSnapshot({ key: limits, organization: limits }), {
    store: { renew },
    clock: () => now,
    instance: 'metering-1',
    leaseMs: 30_000,
    patienceMs: 1_000,
    mostOutputTokens: 512,
    log: { warn: () => undefined, info: () => undefined },
  });
  return { admission, statements: () => statements };
}

it('asks the database once a renewal where demand goes up and down by a tenth', async () => {
  const { admission, statements } = openAdmission();
  let asked = 0;
  const interval = async (requests: number): Promise<void> => {
    for (let index = 0; index < requests; index += 1) {
      const id = `r${(asked += 1)}`;
      await admission.admit(sampleRequest(id, { deadline: now + 60_000 }));
      admission.settle(id, { input: 10, output: 20 });
      await setImmediate(); // whatever is to be fetched in between is
    }
    await admission.keeper.flush(true);
  };
  for (const requests of [90, 110, 90]) await interval(requests);
  const before = statements();
  for (const requests of [110, 90, 100, 110, 95, 105]) await interval(requests);
  expect(statements() - before).toBe(6);
});

it('fetches ahead where demand doubles, so that nobody waits', async () => {
  const { admission, statements } = openAdmission();
  const admit = (id: string) => admission.admit(sampleRequest(id, { deadline: now + 60_000 }));
  for (let index = 0; index < 100; index += 1) await admit(`first-${index}`);
  await admission.keeper.flush(true);
  const before = statements();
  for (let index = 0; index < 400; index += 1) {
    expect(admit(`then-${index}`)).toBeUndefined();
    await setImmediate();
  }
  expect(statements() - before).toBeGreaterThan(0);
});
