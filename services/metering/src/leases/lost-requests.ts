import { isRecord, roundOfIntent, usageEventTypes } from '@sluice/contracts';
import { noUse, type Use } from '../admission/use.ts';
import { expiryGraceMs } from '../admission/reservations.ts';
import type { Asker } from '../limits/scope-table.ts';
import { askerOf, readApart, type Supplement } from '../read-usage-event.ts';
import { endedMark, type LostHolder } from './lease-store.ts';

/** Goes through stored usage events from a time on, oldest first, to the newest; throws where that is not possible now. */
export type ReadUsageEvents = (since: number, handle: (event: Record<string, unknown>) => void) => Promise<void>;

/** A request of a lost holder, and what it used if that is known. */
export interface LostRequest extends Asker {
  readonly startedAt: number;
  readonly deadline: number;
  readonly reserved: Use;
  /** What limits on what is spent hold for it while it is open. */
  readonly most: Use;
  /** The how-manieth sending round of the request it was. */
  readonly attempt: number;
  /** Whether a later one was admitted elsewhere, where it is booked if nobody settles it. */
  isTakenOver: boolean;
  actual: Use | undefined;
  /** Whether the lost holder had told what its end says. */
  readonly isEndTold: boolean;
  /** Whether its end may not tell of all its calls: they are paid from what was held for it. */
  callsUnknown: boolean;
  /** What is counted apart from the lease: such calls, and an end that names no reservation. */
  readonly apart: Map<string, Supplement>;
}

/** Clocks of replicas and of the stream may differ by as much. */
const clockSlackMs = 10_000;
/** So long before its intent the end of a request may stand: a process that was stopped takes what has waited for it. */
export const lateIntentMs = 60_000;

/**
 * What the stored events say of the requests of a lost holder that it had not settled when it told last: those that were open then, and those
 * that it admitted later.
 * @param now epoch ms
 */
export async function lostRequests(lost: LostHolder, readEvents: ReadUsageEvents, now: number): Promise<LostRequest[]> {
  const requests = new Map<string, LostRequest>();
  const note = (event: Record<string, unknown>): void => {
    const { id, type, time, data } = event;
    if (!isRecord(data) || typeof data.requestId !== 'string') return;
    const { requestId } = data;
    if (type === usageEventTypes.intent) {
      if (!isRecord(data.lease)) return;
      const attempt = roundOfIntent(String(id));
      const known = requests.get(requestId);
      if (known !== undefined) known.isTakenOver ||= data.lease.holder !== lost.holder && attempt > known.attempt;
      else if (data.lease.holder === lost.holder) {
        const isEndTold = lost.open.has(`${requestId}${endedMark}`);
        if (!isEndTold && !lost.open.has(requestId) && Number(data.lease.number) <= lost.admitted) return;
        requests.set(requestId, { ...requestOf(data, attempt, Date.parse(String(time))), isEndTold });
      }
      return;
    }
    const request = requests.get(requestId);
    if (request === undefined) return;
    request.callsUnknown ||= data.callsUnknown === true;
    request.actual = endOf(type, data, lost.holder) ?? request.actual;
    const isApart = type === usageEventTypes.supplement || (type === usageEventTypes.settled && data.reservedBy === undefined);
    const apart = isApart ? readApart(event, data) : undefined;
    if (apart !== undefined) request.apart.set(apart.eventId, apart);
  };
  await readEvents(lost.oldestOpen - clockSlackMs, note);
  // What is about to be booked for good is looked for before its intent too: a late intent follows its request's end.
  const isForGood = [...requests.values()].some((request) => request.actual === undefined && isOverdue(request, now));
  if (isForGood) await readEvents(lost.oldestOpen - clockSlackMs - lateIntentMs, note);
  return [...requests.values()];
}

/** What a request used of the lost holder's leases, if this is its end. */
function endOf(type: unknown, { usage, costNanoUsd, reservedBy }: Record<string, unknown>, holder: string): Use | undefined {
  if (type === usageEventTypes.refused) return noUse;
  if (type !== usageEventTypes.settled || !isRecord(usage)) return undefined;
  // Sent round again, it may have ended under the reservation of another replica, or nobody knows under whose.
  if (typeof reservedBy !== 'string' || !holder.startsWith(`${reservedBy}/`)) return noUse;
  return { input: whole(usage.input), output: whole(usage.output), nanoUsd: whole(costNanoUsd) };
}

/** Whether it holds something still: its end is to come, or a call that its end does not tell of. */
export function isOpen(request: LostRequest, now: number): boolean {
  return (request.actual === undefined || request.callsUnknown) && !isOverdue(request, now);
}

function isOverdue({ deadline }: LostRequest, now: number): boolean {
  return deadline + expiryGraceMs <= now;
}

function requestOf(data: Record<string, unknown>, attempt: number, startedAt: number): Omit<LostRequest, 'isEndTold'> {
  const reserved = useOf(data.reserved);
  const most = isRecord(data.lease) && isRecord(data.lease.most) ? useOf(data.lease.most) : reserved;
  return {
    ...askerOf(data),
    attempt,
    isTakenOver: false,
    startedAt,
    deadline: whole(data.deadline),
    reserved,
    most,
    actual: undefined,
    callsUnknown: false,
    apart: new Map(),
  };
}

function useOf(reserved: unknown): Use {
  const { inputTokens, outputTokens, costNanoUsd } = isRecord(reserved) ? reserved : {};
  return { input: whole(inputTokens), output: whole(outputTokens), nanoUsd: whole(costNanoUsd) };
}

function whole(value: unknown): number {
  const number = Number(value ?? 0);
  return Number.isFinite(number) && number > 0 ? Math.round(number) : 0;
}
