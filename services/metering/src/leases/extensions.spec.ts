import { expect, it } from 'vitest';
import { sampleRequest, sampleSnapshot } from '../metering-samples.ts';
import { type SampleReplica, useDatabase } from '../sample-database.ts';

const now = Date.UTC(2026, 0, 5, 12);
const limit = 64;
const snapshot = sampleSnapshot({ keyBudgets: [{ tokens: limit, window: 'month' }] });
/** Tokens of each request, and of what it asks beyond them. */
const block = 16;

const metering = useDatabase();

function request(id: string) {
  return sampleRequest(id, { inputTokens: 0, outputTokens: block, deadline: now + 60_000, dispatchedAt: now });
}

it('uses a limit to its end and no further, where what a request asked beyond its reservation was asked of its replica', async () => {
  const [own, other] = [metering.openReplica(snapshot, () => now), metering.openReplica(snapshot, () => now)];
  let asked = 0;
  const fill = async ({ admission }: SampleReplica): Promise<void> => {
    while ((await admission.admit(request(`req_${asked + 1}`))) === undefined) asked += 1;
  };
  expect(await own.admission.admit(request('req_long'))).toBeUndefined();
  expect(await own.admission.extend(request('req_long'))).toBe(true);
  await fill(own);
  await fill(other);
  for (const { admission } of [own, other]) admission.settle('req_long', { input: 0, output: 2 * block });
  await fill(other);
  await fill(own);
  expect((2 + asked) * block).toBe(limit);
});
