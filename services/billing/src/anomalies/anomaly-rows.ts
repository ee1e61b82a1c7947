/** Rows of the watch's tables, and what they mean. */
import type { HourKind } from './break-state.ts';
import { minuteMs, type MinuteSums } from './key-minute.ts';
import { peakCount, type BreakBegun, type Family, type HourFacts } from './key-news.ts';

/** Whose key it is. */
export interface KeyOwner {
  readonly keyId: string;
  readonly organization: string;
  readonly team: string;
}

export interface KeyMinute extends KeyOwner {
  /** Since 1970. */
  readonly minute: number;
  readonly sums: MinuteSums;
}

/** A break as the table has it; minutes since 1970. */
export interface Anomaly extends KeyOwner {
  readonly id: string;
  readonly family: Family;
  readonly metric: BreakBegun['metric'];
  readonly windowMinutes: number;
  readonly observed: number;
  readonly expected: number;
  readonly begunMinute: number;
  readonly endedMinute: number | undefined;
  readonly told: number;
  /** Epoch ms. */
  readonly throttledUntil: number | undefined;
}

export interface MinuteRow {
  minute: string;
  key_id: string;
  organization: string;
  team: string;
  requests: string;
  tokens: string;
  cost_nano_usd: string;
  errors: string;
  refusals: string;
}

export interface HourRow {
  key_id: string;
  hour: string;
  requests: number;
  tokens: number;
  cost_nano_usd: number;
  errors: number;
  refusals: number;
  /** As the server's array_send gives it. */
  peaks: Buffer;
  usage_kind: HourKind;
  errors_kind: HourKind;
  refusals_kind: HourKind;
}

export interface AnomalyRow {
  anomaly_id: string;
  key_id: string;
  organization: string;
  team: string;
  family: Family;
  metric: BreakBegun['metric'];
  window_minutes: number;
  observed: number;
  expected: number;
  begun_at: Date;
  ended_at: Date | null;
  told: number;
  throttled_until: Date | null;
}

export function keyMinute(row: MinuteRow): KeyMinute {
  return {
    keyId: row.key_id,
    organization: row.organization,
    team: row.team,
    minute: Math.round(Number(row.minute)),
    sums: {
      requests: Number(row.requests),
      tokens: Number(row.tokens),
      costNanoUsd: Number(row.cost_nano_usd),
      errors: Number(row.errors),
      refusals: Number(row.refusals),
    },
  };
}

export function hourFacts(row: HourRow): { keyId: string; facts: HourFacts } {
  const { requests, tokens, errors, refusals } = row;
  const facts: HourFacts = {
    hour: Math.round(Number(row.hour)),
    sums: { requests, tokens, costNanoUsd: row.cost_nano_usd, errors, refusals },
    peaks: peaksOf(row.peaks),
    kinds: { usage: row.usage_kind, errors: row.errors_kind, refusals: row.refusals_kind },
  };
  return { keyId: row.key_id, facts };
}

/** Dimensions and bounds of an array of one dimension; then each element has its length before it. */
const arrayHeadBytes = 20;
const elementBytes = 8;

/** Reads a `real[]` in binary: the text of arrays took most of the time in which a process takes over. Shorter ones are of before there were so many. */
function peaksOf(sent: Buffer): Float32Array {
  const peaks = new Float32Array(peakCount);
  const count = Math.min(peakCount, Math.floor((sent.length - arrayHeadBytes) / elementBytes));
  for (let index = 0; index < count; index += 1) peaks[index] = sent.readFloatBE(arrayHeadBytes + index * elementBytes + 4);
  return peaks;
}

export function anomaly(row: AnomalyRow): Anomaly {
  return {
    id: row.anomaly_id,
    keyId: row.key_id,
    organization: row.organization,
    team: row.team,
    family: row.family,
    metric: row.metric,
    windowMinutes: row.window_minutes,
    observed: row.observed,
    expected: row.expected,
    begunMinute: row.begun_at.getTime() / minuteMs,
    endedMinute: row.ended_at === null ? undefined : row.ended_at.getTime() / minuteMs,
    told: row.told,
    throttledUntil: row.throttled_until?.getTime(),
  };
}
