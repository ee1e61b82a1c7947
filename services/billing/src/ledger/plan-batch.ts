import { roundOfIntent, usageEventTypes, type UsageSettled } from '@sluice/contracts';
import type { LedgerRow } from './ledger-columns.ts';
import type { EntryLines } from './line-columns.ts';
import { intentRow, ledgerRow, type IntentEvent, type IntentRow } from './ledger-row.ts';
import { parseUsageEvent } from './parse-usage-event.ts';
import { nanoUsdOf, ratedLines, type FindPrice } from './rated-lines.ts';
import { sequenceRanges } from './sequence-ranges.ts';

/** A message of the stream, as the bus hands it over. */
export interface StreamEvent {
  readonly subject: string;
  readonly data: Uint8Array;
  /** Position in the stream. */
  readonly sequence: number;
  /** Of the message; holds the trace context of the request where it was traced. */
  readonly headers?: ReadonlyMap<string, string>;
}

export interface RejectedEvent {
  readonly position: number;
  readonly subject: string;
  /** A field and what is wrong with it, never its value. */
  readonly reason: string;
}

/** What one batch writes. */
export interface BatchPlan {
  /** At most one a request: the first end that the stream has. */
  readonly rows: readonly LedgerRow[];
  /** Of the rows. */
  readonly lines: readonly EntryLines[];
  /** Other ends of the same requests, by another event; and supplements, which are never the end of theirs. */
  readonly contested: readonly LedgerRow[];
  /** At most one a request, of its highest round; only of those without an end in this batch: nearly none at high load, so they cost nothing. */
  readonly intents: readonly IntentRow[];
  readonly producers: readonly { readonly source: string; readonly seen: string }[];
  readonly rejected: readonly RejectedEvent[];
  /** Position of the last message. */
  readonly position: number;
  /** Epoch ms of the newest event; undefined where all were rejected. */
  readonly eventTime: number | undefined;
}

/** Sorts a batch into what is to be written; touches nothing. */
export function planBatch(batch: readonly StreamEvent[], findPrice: FindPrice = () => undefined): BatchPlan {
  const rows = new Map<string, LedgerRow>();
  const lines: EntryLines[] = [];
  const contested: LedgerRow[] = [];
  const intents = new Map<string, { readonly event: IntentEvent; readonly time: number; readonly position: number }>();
  const sequences = new Map<string, bigint[]>();
  const rejected: RejectedEvent[] = [];
  let position = 0;
  let eventTime: number | undefined;
  for (const { subject, data, sequence } of batch) {
    position = Math.max(position, sequence);
    const parsed = parseUsageEvent(data);
    if ('reason' in parsed) {
      rejected.push({ position: sequence, subject, reason: parsed.reason });
      continue;
    }
    const { event, time } = parsed;
    eventTime = Math.max(eventTime ?? time, time);
    const seen = sequences.get(event.source);
    if (seen === undefined) sequences.set(event.source, [BigInt(event.sequence)]);
    else seen.push(BigInt(event.sequence));
    const { requestId } = event.data;
    if (event.type === usageEventTypes.intent) {
      const known = intents.get(requestId);
      if (known === undefined || roundOfIntent(event.id) > roundOfIntent(known.event.id))
        intents.set(requestId, { event, time, position: sequence });
      continue;
    }
    const row = ledgerRow(event, time, sequence);
    if (event.type === usageEventTypes.supplement) {
      contested.push(row);
      continue;
    }
    const first = rows.get(requestId);
    if (first === undefined) {
      rows.set(requestId, row);
      if (event.type !== usageEventTypes.refused) lines.push({ entryId: requestId, lines: linesOf(event.data, findPrice) });
    } else if (first.event_id !== event.id) contested.push(row);
  }
  for (const requestId of rows.keys()) intents.delete(requestId);
  return {
    rows: [...rows.values()],
    lines,
    contested,
    intents: [...intents.values()].map((intent) => intentRow(intent.event, intent.time, intent.position)),
    producers: [...sequences].map(([source, seen]) => ({ source, seen: sequenceRanges(seen) })),
    rejected,
    position,
    eventTime,
  };
}

function linesOf(data: UsageSettled, findPrice: FindPrice): EntryLines['lines'] {
  return ratedLines(
    {
      attempts: data.attempts,
      cost: nanoUsdOf(data.costNanoUsd),
      saved: nanoUsdOf(data.savedNanoUsd),
      provider: data.provider ?? '',
      model: data.modelUsed ?? data.modelAsked,
    },
    findPrice,
  );
}
