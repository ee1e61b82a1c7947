import { isRecord, usageEventTypes } from '@sluice/contracts';
import { endedMark, type KeptLease, type LeaseStore, type LostHolder } from './lease-store.ts';
import { units, type Unit } from '../limits/limit-definition.ts';
import { expiryGraceMs } from '../admission/reservations.ts';
import type { Asker } from '../limits/scope-table.ts';
import { amountOf, noUse, type Use } from '../admission/use.ts';
import { askerOf, attemptOf } from '../read-usage-event.ts';

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
  /** Whether its end may not tell of all its calls: they are paid from what was held for it. */
  callsUnknown: boolean;
  /** Whether the lost holder had told what its end says. */
  readonly isEndTold: boolean;
  /** One of those came to light, and is booked. */
  isSupplemented: boolean;
}

/** Clocks of replicas and of the stream may differ by as much. */
const clockSlackMs = 10_000;
/** What slides has left every window after as long. */
const longestWindowMs = 60_000;
/** So long before its intent the end of a request may stand: a process that was stopped takes what has waited for it. */
export const lateIntentMs = 60_000;

/**
 * Gives back what a lost holder had leased and did not use: what it told last stands, and what it admitted later, or had not
 * settled then, is read from the stored events. Unsettled requests keep their reserved amount, until their settlement comes or,
 * a minute after their deadline, for good: as in the ledger.
 * @returns true once nothing of it is open
 */
export async function reconcile(
  store: Pick<LeaseStore, 'reclaim'>,
  lost: LostHolder,
  readEvents: ReadUsageEvents,
  binds: (lease: Pick<KeptLease, 'meter' | 'period'>, request: LostRequest) => boolean,
  now: number,
): Promise<boolean> {
  const requests = await lostRequests(lost, readEvents, now);
  const open = requests.filter(
    (request) => (request.actual === undefined || (request.callsUnknown && !request.isSupplemented)) && !isOverdue(request, now),
  );
  const windowsPassed = now >= lost.expiredAt + longestWindowMs;
  const slides = lost.leases.some(({ meter }) => isSliding(meter));
  const kept = lost.leases.map((lease) => keptOf(lease, requests, open, windowsPassed, binds));
  const done = open.length === 0 && (windowsPassed || !slides);
  await store.reclaim(lost.holder, kept, done);
  return done;
}

function keptOf(
  lease: LostHolder['leases'][number],
  requests: readonly LostRequest[],
  open: readonly LostRequest[],
  windowsPassed: boolean,
  binds: (lease: Pick<KeptLease, 'meter' | 'period'>, request: LostRequest) => boolean,
): KeptLease {
  const { meter, period, granted } = lease;
  const { unit, span } = partsOfMeter(meter);
  if (isSliding(meter)) return windowsPassed ? { meter, period, granted: 0, used: 0 } : { meter, period, granted, used: lease.used };
  if (span === 'now') {
    const running = open.filter((request) => request.actual === undefined && binds(lease, request)).length;
    return { meter, period, granted: running, used: running };
  }
  // What was told as used includes nothing of the open ones: it is of settled requests alone.
  let used = lease.used;
  let reserved = 0;
  for (const request of requests) {
    if (!binds(lease, request)) continue;
    const isOpen = open.includes(request);
    if (request.actual !== undefined) {
      const actual = amountOf(unit, request.actual);
      if (!request.isEndTold) used += actual;
      if (isOpen) reserved += Math.max(0, amountOf(unit, request.most) - actual);
    } else if (isOpen) reserved += amountOf(unit, request.most);
    else used += amountOf(unit, request.isTakenOver ? noUse : request.reserved);
  }
  // One that was begun on its estimate held less than the most it can use: no more than was leased stays leased for it.
  return { meter, period, granted: Math.max(used, Math.min(granted, used + reserved)), used };
}

async function lostRequests(lost: LostHolder, readEvents: ReadUsageEvents, now: number): Promise<LostRequest[]> {
  const requests = new Map<string, LostRequest>();
  const note = ({ id, type, time, data }: Record<string, unknown>): void => {
    if (!isRecord(data) || typeof data.requestId !== 'string') return;
    const { requestId } = data;
    if (type === usageEventTypes.intent) {
      if (!isRecord(data.lease)) return;
      const known = requests.get(requestId);
      if (known !== undefined) known.isTakenOver ||= data.lease.holder !== lost.holder && attemptOf(id) > known.attempt;
      else if (data.lease.holder === lost.holder) {
        const isEndTold = lost.open.has(`${requestId}${endedMark}`);
        if (!isEndTold && !lost.open.has(requestId) && Number(data.lease.number) <= lost.admitted) return;
        requests.set(requestId, { ...requestOf(data, attemptOf(id), Date.parse(String(time))), isEndTold });
      }
      return;
    }
    const request = requests.get(requestId);
    if (request === undefined) return;
    if (type === usageEventTypes.supplement) request.isSupplemented = true;
    else {
      request.actual = endOf(type, data, lost.holder) ?? request.actual;
      request.callsUnknown ||= data.callsUnknown === true;
    }
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
  // Sent round again, it may have ended under the reservation of another replica.
  if (typeof reservedBy === 'string' && !holder.startsWith(`${reservedBy}/`)) return noUse;
  return { input: whole(usage.input), output: whole(usage.output), nanoUsd: whole(costNanoUsd) };
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
    isSupplemented: false,
  };
}

function useOf(reserved: unknown): Use {
  const { inputTokens, outputTokens, costNanoUsd } = isRecord(reserved) ? reserved : {};
  return { input: whole(inputTokens), output: whole(outputTokens), nanoUsd: whole(costNanoUsd) };
}

/** A meter's name ends in its unit and span; see `meterId`. */
function partsOfMeter(meter: string): { readonly unit: Unit; readonly span: string } {
  const [unit = '', span = ''] = meter.split('|').slice(-2);
  const known = units.find((one) => one === unit.replace(/^\w+\./, ''));
  if (known === undefined) throw new Error(`a meter of no known unit: ${unit}`);
  return { unit: known, span };
}

function isSliding(meter: string): boolean {
  return meter.endsWith('|second') || meter.endsWith('|minute');
}

function whole(value: unknown): number {
  const number = Number(value ?? 0);
  return Number.isFinite(number) && number > 0 ? Math.round(number) : 0;
}
