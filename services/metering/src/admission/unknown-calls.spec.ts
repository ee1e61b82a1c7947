import { beforeEach, describe, expect, it } from 'vitest';
import { SupplementBook } from '../leases/book-supplements.ts';
import { sampleRequest, sampleSnapshot } from '../metering-samples.ts';
import { type SampleReplica, useDatabase } from '../sample-database.ts';
import type { AdmissionRequest } from './admission-request.ts';

const now = Date.UTC(2026, 0, 5, 12);
const snapshot = sampleSnapshot({ keyBudgets: [{ tokens: 100, window: 'month' }] });

const metering = useDatabase();
let replica: SampleReplica;
let other: SampleReplica;
beforeEach(() => {
  [replica, other] = [metering.openReplica(snapshot, () => now), metering.openReplica(snapshot, () => now)];
});

/** @param most tokens that it can use; `expected` is what it begins on where no more is left */
function request(requestId: string, most: number, expected = most): AdmissionRequest {
  const tokens = { inputTokens: 0, mostInputTokens: 0, outputTokens: expected, mostOutputTokens: most };
  return sampleRequest(requestId, { ...tokens, deadline: now + 60_000, dispatchedAt: now });
}

async function isAdmitted({ admission }: SampleReplica, asked: AdmissionRequest): Promise<boolean> {
  return (await admission.admit(asked)) === undefined;
}

/** Its end is told, and it may have made calls that nobody told of. */
function endUnknown({ admission }: SampleReplica, requestId: string): void {
  admission.settle(requestId, { input: 0, output: 0, costNanoUsd: 0, callsUnknown: true });
}

/** A call of it comes to light. */
async function supplement({ admission, store }: SampleReplica, requestId: string, output: number): Promise<void> {
  const { keyId, organization, team, tags, model } = sampleRequest(requestId);
  const book = new SupplementBook({
    store,
    scopesOf: (asker) => admission.scopesOf(asker),
    release: (told) => {
      admission.supplemented(told);
    },
    log: { warn: () => undefined },
  });
  await book.add({
    kind: 'supplement',
    eventId: `${requestId}:call-1.1`,
    requestId,
    at: now,
    asker: { keyId, organization, team, tags, model },
    use: { input: 0, output, nanoUsd: 0 },
  });
}

describe('A request whose calls may not all be told', () => {
  it('leaves room for nobody where a call of it is counted apart: the lease that held it goes back', async () => {
    expect(await isAdmitted(replica, request('req_lost', 60))).toBe(true);
    expect(await isAdmitted(other, request('req_other', 40))).toBe(true);
    endUnknown(replica, 'req_lost');
    await supplement(replica, 'req_lost', 60);
    expect(await isAdmitted(replica, request('req_1', 1))).toBe(false);
    other.admission.settle('req_other', { input: 0, output: 30, costNanoUsd: 0 });
    expect(await isAdmitted(replica, request('req_2', 11))).toBe(false);
    // It hears that others went short, and then leaves them what it does not need.
    await other.admission.keeper.flush(true);
    await other.admission.keeper.flush(true);
    expect(await isAdmitted(replica, request('req_3', 10))).toBe(true);
  });

  it('leaves room for nobody either where the statement that gives it back is lost', async () => {
    const { store } = replica;
    let reaches = true;
    const flaky = metering.openReplica(snapshot, () => now, {
      store: { renew: (state, asked) => (reaches ? store.renew(state, asked) : Promise.reject(new Error('lost'))) },
    });
    expect(await isAdmitted(flaky, request('req_lost', 60))).toBe(true);
    expect(await isAdmitted(other, request('req_other', 40))).toBe(true);
    endUnknown(flaky, 'req_lost');
    await supplement(flaky, 'req_lost', 60);
    reaches = false;
    await flaky.admission.keeper.flush(true);
    reaches = true;
    await flaky.admission.keeper.flush(true);
    expect(flaky.admission.keeper.away).toBe(false);
    expect(await isAdmitted(flaky, request('req_1', 1))).toBe(false);
  });

  it('is the one that can go beyond a limit until its time is over, where it began on its estimate', async () => {
    expect(await isAdmitted(replica, request('req_other', 70))).toBe(true);
    expect(await isAdmitted(replica, request('req_lost', 90, 10))).toBe(true);
    endUnknown(replica, 'req_lost');
    replica.admission.settle('req_other', { input: 0, output: 20, costNanoUsd: 0 });
    expect(await isAdmitted(replica, request('req_1', 90, 10))).toBe(false);
    expect(await isAdmitted(replica, request('req_2', 50))).toBe(true);
  });
});
