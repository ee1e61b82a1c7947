import { isRecord, roundOfIntent, usageEventTypes } from '@sluice/contracts';
import { readStormEvents } from './read-storm-events.ts';

/** What metering reserved for a request before it went on. A request that was sent round again may have several, by several replicas. */
export interface StormIntent {
  readonly eventId: string;
  /** Whose lease it was taken from; empty where no limit binds the request. */
  readonly holder: string;
  /** What the request was expected to cost, and the most that it could. */
  readonly reservedNanoUsd: bigint;
  readonly mostNanoUsd: bigint;
  /** The stream has it after an end of the request: it waited somewhere, as in a spool. */
  readonly afterEnd: boolean;
}

/** By the request's id, in the order of the stream. */
export type StormIntents = ReadonlyMap<string, readonly StormIntent[]>;

export async function readIntents(natsUrl: string): Promise<StormIntents> {
  const intents = new Map<string, StormIntent[]>();
  const ended = new Set<string>();
  await readStormEvents(natsUrl, ({ id, type, requestId, data: { reserved, lease } }) => {
    if (type !== usageEventTypes.intent) {
      ended.add(requestId);
      return;
    }
    const afterEnd = ended.has(requestId);
    const reservedNanoUsd = costOf(reserved);
    const holder = isRecord(lease) ? String(lease.holder) : '';
    const mostNanoUsd = isRecord(lease) && isRecord(lease.most) ? costOf(lease.most) : reservedNanoUsd;
    intents.set(requestId, [...(intents.get(requestId) ?? []), { eventId: id, holder, reservedNanoUsd, mostNanoUsd, afterEnd }]);
  });
  return intents;
}

/** The one that stands for a request that nobody settled, in the ledger and in metering: that of its highest round. */
export function lastIntent(intents: readonly StormIntent[] = []): StormIntent | undefined {
  const [first, ...others] = intents;
  if (first === undefined) return undefined;
  return others.reduce((last, intent) => (roundOfIntent(intent.eventId) > roundOfIntent(last.eventId) ? intent : last), first);
}

function costOf(amounts: unknown): bigint {
  return isRecord(amounts) && typeof amounts.costNanoUsd === 'string' ? BigInt(amounts.costNanoUsd) : 0n;
}
