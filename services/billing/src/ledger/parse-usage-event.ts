import { usageEventSchema, type UsageEvent } from '@sluice/contracts';

export type ParsedEvent = { readonly event: UsageEvent; readonly time: number } | { readonly reason: string };

/** Longest identifier that is stored: B-tree entries end at 2,704 bytes, and no honest id is near. */
const maxIdentifierLength = 256;
/** Epoch ms from 2000 to 2100: what stands outside was no clock. */
const earliestTime = 946_684_800_000;
const latestTime = 4_102_444_800_000;
/** Postgres' bigint less a margin. */
const maxBigint = 9_000_000_000_000_000_000n;
const longestBigintDigits = 19;
const maxStatus = 999;

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a message of the stream. Everything that Postgres would refuse is refused here, because one bad row would
 * fail its whole batch. The reason names a field and never its value: it goes to the log.
 */
export function parseUsageEvent(data: Uint8Array): ParsedEvent {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(data));
  } catch {
    return { reason: 'not JSON in UTF-8' };
  }
  const parsed = usageEventSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return { reason: `${issue?.path.join('.') ?? ''}: ${issue?.code ?? 'invalid'}` };
  }
  const event = parsed.data;
  const time = Date.parse(event.time);
  const fault = unstorableField(event, time);
  return fault === undefined ? { event, time } : { reason: `${fault}: out of range` };
}

function unstorableField(event: UsageEvent, time: number): string | undefined {
  const { data } = event;
  if (!isTime(time)) return 'time';
  for (const field of ['id', 'source'] as const) if (!isIdentifier(event[field])) return field;
  for (const field of ['requestId', 'organization', 'team', 'keyId'] as const) if (!isIdentifier(data[field])) return `data.${field}`;
  if (!fitsBigint(event.sequence) || event.sequence === '0') return 'sequence';
  if ('reserved' in data) {
    if (!isTime(data.deadline)) return 'data.deadline';
    return fitsBigint(data.reserved.costNanoUsd) ? undefined : 'data.reserved.costNanoUsd';
  }
  if (data.status < 0 || data.status > maxStatus) return 'data.status';
  if ('usage' in data && !fitsBigint(data.costNanoUsd)) return 'data.costNanoUsd';
  if ('usage' in data && !fitsBigint(data.savedNanoUsd)) return 'data.savedNanoUsd';
  return undefined;
}

function isTime(epochMs: number): boolean {
  return epochMs >= earliestTime && epochMs <= latestTime;
}

function isIdentifier(text: string): boolean {
  return text.length > 0 && text.length <= maxIdentifierLength && text.isWellFormed() && !text.includes('\0');
}

/** Decimal digits that a bigint column takes; shorter ones pass without a conversion. */
function fitsBigint(digits: string | undefined): boolean {
  if (digits === undefined || digits.length < longestBigintDigits) return true;
  if (digits.length > longestBigintDigits + 1) return false;
  const value = BigInt(digits);
  return value <= maxBigint && value >= -maxBigint;
}
