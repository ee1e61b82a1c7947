import type { ActualUse } from './admission/admission-request.ts';
import type { Use } from './admission/use.ts';
import type { Asker } from './limits/scope-table.ts';
import { isRecord, usageEventTypes } from '@sluice/contracts';

/** What a request held here used. */
export interface Settlement {
  readonly kind: 'settled';
  readonly requestId: string;
  readonly usage: ActualUse;
}

/** A request held here was sent round again, and another replica holds it too. */
export interface TakenOver {
  readonly kind: 'taken-over';
  readonly requestId: string;
  /** The how-manieth sending round the other admitted. */
  readonly attempt: number;
}

/** A call that the end of its request did not know of. */
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
  { id, type, time }: Record<string, unknown>,
  data: Record<string, unknown>,
  requestId: string,
  instance: string,
): Settlement | TakenOver | Supplement | undefined {
  switch (type) {
    case usageEventTypes.refused:
      return { kind: 'settled', requestId, usage: { input: 0, output: 0, ...callsUnknownOf(data) } };
    case usageEventTypes.settled:
      return settlementOf(data, requestId, instance);
    case usageEventTypes.intent:
      return isOfOther(data.lease, instance) ? { kind: 'taken-over', requestId, attempt: attemptOf(id) } : undefined;
    case usageEventTypes.supplement:
      return supplementOf(data, requestId, String(id), Date.parse(String(time)));
    default:
      return undefined;
  }
}

function settlementOf(
  { usage, reservedBy, costNanoUsd, callsUnknown }: Record<string, unknown>,
  requestId: string,
  instance: string,
): Settlement | undefined {
  const used = usageOf(usage);
  if (used === undefined) return undefined;
  if (typeof reservedBy === 'string' && reservedBy !== instance) {
    return { kind: 'settled', requestId, usage: { input: 0, output: 0, costNanoUsd: 0, ...callsUnknownOf({ callsUnknown }) } };
  }
  const cost = Number(costNanoUsd ?? Number.NaN);
  const known = { ...used, ...(Number.isFinite(cost) ? { costNanoUsd: cost } : {}) };
  return { kind: 'settled', requestId, usage: { ...known, ...callsUnknownOf({ callsUnknown }) } };
}

function callsUnknownOf({ callsUnknown }: Record<string, unknown>): Pick<ActualUse, 'callsUnknown'> {
  return callsUnknown === true ? { callsUnknown } : {};
}

function supplementOf(data: Record<string, unknown>, requestId: string, eventId: string, toldAt: number): Supplement | undefined {
  const used = usageOf(data.usage);
  if (used === undefined) return undefined;
  const [call] = Array.isArray(data.attempts) ? (data.attempts as unknown[]) : [];
  const at = isRecord(call) && typeof call.startedAt === 'number' ? call.startedAt : toldAt;
  return { kind: 'supplement', eventId, requestId, at, asker: askerOf(data), use: { ...used, nanoUsd: Number(data.costNanoUsd ?? 0) } };
}

/** Intents of later attempts say so at the end of their id. */
export function attemptOf(eventId: unknown): number {
  return Number(/:intent-(\d+)$/.exec(String(eventId))?.[1] ?? 1);
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
