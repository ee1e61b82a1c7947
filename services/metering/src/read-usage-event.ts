import type { ActualUse } from './admission/admission-request.ts';
import type { Use } from './admission/use.ts';
import type { Asker } from './limits/scope-table.ts';
import { isRecord, roundOfIntent, usageEventTypes } from '@sluice/contracts';

/** What a request held here used of that. */
export interface Settlement {
  readonly kind: 'settled';
  readonly requestId: string;
  readonly usage: ActualUse;
  /** Of an end that names no reservation: whoever held one gives it back, and the use is counted apart, once for all who hear of it. */
  readonly apart?: Supplement;
}

/** A request held here was sent round again, and another replica holds it too. */
export interface TakenOver {
  readonly kind: 'taken-over';
  readonly requestId: string;
  /** The how-manieth sending round the other admitted. */
  readonly attempt: number;
}

/** Use that takes no reservation's place: of a call that the end of its request did not know of, or of an end that nobody answered for. */
export interface Supplement {
  readonly kind: 'supplement';
  readonly eventId: string;
  readonly requestId: string;
  /** Epoch ms at which the call began. */
  readonly at: number;
  readonly asker: Asker;
  readonly use: Use;
}

/** The id stands near the head of every event that our publishers write. */
const idPattern = /"id":"([A-Za-z0-9_-]+):(settled|refused|intent-\d+|call-[\d.]*)"/;
const headBytes = 160;

/**
 * Reads a usage event as far as reservations need. Every replica of metering hears every event, so what concerns
 * another replica is told apart by its head alone, unparsed.
 * @param holds whether this process holds a reservation of that request
 * @param instance this process's: what took the place of another's reservation of the request is no use of this one
 */
export function readUsageEvent(
  data: Uint8Array,
  holds: (requestId: string) => boolean,
  instance: string,
): Settlement | TakenOver | Supplement | undefined {
  const head = idPattern.exec(Buffer.from(data.buffer, data.byteOffset, Math.min(headBytes, data.byteLength)).toString('latin1'));
  const [, requestId, word] = head ?? [];
  if (requestId === undefined || word === undefined) return undefined;
  if (!word.startsWith('call-') && !holds(requestId)) return undefined;
  try {
    const event: unknown = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8'));
    if (!isRecord(event) || !isRecord(event.data) || event.data.requestId !== requestId) return undefined;
    return wordOf(event, event.data, requestId, instance);
  } catch {
    return undefined; // billing dead-letters it; the reservation then expires
  }
}

function wordOf(
  event: Record<string, unknown>,
  data: Record<string, unknown>,
  requestId: string,
  instance: string,
): Settlement | TakenOver | Supplement | undefined {
  switch (event.type) {
    case usageEventTypes.refused:
      return { kind: 'settled', requestId, usage: { input: 0, output: 0, ...callsUnknownOf(data) } };
    case usageEventTypes.settled:
      return settlementOf(event, data, requestId, instance);
    case usageEventTypes.intent:
      return isOfOther(data.lease, instance) ? { kind: 'taken-over', requestId, attempt: roundOfIntent(String(event.id)) } : undefined;
    case usageEventTypes.supplement:
      return readApart(event, data);
    default:
      return undefined;
  }
}

function settlementOf(
  event: Record<string, unknown>,
  data: Record<string, unknown>,
  requestId: string,
  instance: string,
): Settlement | undefined {
  const used = usageOf(data.usage);
  if (used === undefined) return undefined;
  const unknown = callsUnknownOf(data);
  if (data.reservedBy === instance) {
    const cost = Number(data.costNanoUsd ?? Number.NaN);
    return { kind: 'settled', requestId, usage: { ...used, ...(Number.isFinite(cost) ? { costNanoUsd: cost } : {}), ...unknown } };
  }
  const apart = typeof data.reservedBy === 'string' ? undefined : readApart(event, data);
  return {
    kind: 'settled',
    requestId,
    usage: { input: 0, output: 0, costNanoUsd: 0, ...unknown },
    ...(apart === undefined ? {} : { apart }),
  };
}

function callsUnknownOf({ callsUnknown }: Record<string, unknown>): Pick<ActualUse, 'callsUnknown'> {
  return callsUnknown === true ? { callsUnknown } : {};
}

/** What an event of settled shape says was used, to be counted apart from all reservations. */
export function readApart({ id, time }: Record<string, unknown>, data: Record<string, unknown>): Supplement | undefined {
  const used = usageOf(data.usage);
  if (used === undefined) return undefined;
  const [call] = Array.isArray(data.attempts) ? (data.attempts as unknown[]) : [];
  const at = isRecord(call) && typeof call.startedAt === 'number' ? call.startedAt : Date.parse(String(time));
  const use = { ...used, nanoUsd: Number(data.costNanoUsd ?? 0) };
  return { kind: 'supplement', eventId: String(id), requestId: String(data.requestId), at, asker: askerOf(data), use };
}

function usageOf(usage: unknown): { readonly input: number; readonly output: number } | undefined {
  if (!isRecord(usage)) return undefined;
  const { input, output } = usage;
  return typeof input === 'number' && typeof output === 'number' ? { input, output } : undefined;
}

function isOfOther(lease: unknown, instance: string): boolean {
  return isRecord(lease) && typeof lease.holder === 'string' && !lease.holder.startsWith(`${instance}/`);
}

/** Whom a usage event is about, as its limits are found. */
export function askerOf(data: Readonly<Record<string, unknown>>): Asker {
  return {
    keyId: String(data.keyId),
    organization: String(data.organization),
    team: String(data.team),
    ...(typeof data.user === 'string' ? { user: data.user } : {}),
    tags: Object.fromEntries(Object.entries(isRecord(data.tags) ? data.tags : {}).map(([name, value]) => [name, String(value)])),
    model: String(data.modelAsked),
  };
}
