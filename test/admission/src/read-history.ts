import { setTimeout as delay } from 'node:timers/promises';
import type { Bus } from '@sluice/bus';
import { streams, usageEventSchema, usageEventTypes } from '@sluice/contracts';
import { callName } from './run-burst.ts';

/** One admitted request, as the usage events tell of it. Amounts are nano-USD, times epoch ms. */
export interface Admitted {
  readonly model: string;
  readonly stream: boolean;
  readonly admittedAt: number;
  /** What was expected of it, and the most that it could cost. */
  readonly expected: number;
  readonly most: number;
  /** Undefined while it is not settled. */
  readonly settledAt: number | undefined;
  readonly cost: number;
}

export interface History {
  readonly admitted: readonly Admitted[];
  readonly refused: readonly Refused[];
  /** Calls that settlements tell of, see `callName`. */
  readonly told: ReadonlySet<string>;
}

export interface Refused {
  readonly model: string;
  readonly at: number;
}

interface Draft {
  model: string;
  stream: boolean;
  admittedAt: number;
  expected: number;
  most: number;
  settledAt: number | undefined;
  cost: number;
}

const settledWithinMs = 20_000;
const pollMs = 200;

/** Reads all usage events, once each admitted request is settled. */
export async function readHistory(bus: Pick<Bus, 'readStream'>): Promise<History> {
  const giveUpAt = Date.now() + settledWithinMs;
  for (;;) {
    const history = await readOnce(bus);
    if (history.admitted.every(({ settledAt }) => settledAt !== undefined) || Date.now() > giveUpAt) return history;
    await delay(pollMs);
  }
}

async function readOnce(bus: Pick<Bus, 'readStream'>): Promise<History> {
  const admitted = new Map<string, Draft>();
  const refused: Refused[] = [];
  const told = new Set<string>();
  await bus.readStream({
    stream: streams.usage,
    since: 0,
    handle: (bytes) => {
      const event = usageEventSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
      const at = Date.parse(event.time);
      if (event.type === usageEventTypes.intent) {
        const expected = Number(event.data.reserved.costNanoUsd);
        const most = Number(event.data.lease?.most?.costNanoUsd ?? expected);
        admitted.set(event.data.requestId, {
          model: event.data.modelAsked,
          stream: event.data.stream,
          admittedAt: at,
          expected,
          most,
          settledAt: undefined,
          cost: 0,
        });
        return;
      }
      const request = admitted.get(event.data.requestId);
      if (event.type === usageEventTypes.refused) refused.push({ model: event.data.modelAsked, at });
      if (request === undefined) return;
      request.settledAt = at;
      if (event.type !== usageEventTypes.settled) return;
      request.cost = Number(event.data.costNanoUsd);
      for (const { id } of event.data.attempts) told.add(callName({ requestId: event.data.requestId, attempt: id }));
    },
  });
  return { admitted: [...admitted.values()], refused, told };
}
