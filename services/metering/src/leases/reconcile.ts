import { isRecord, usageEventTypes } from '@sluice/contracts';
import type { KeptLease, LeaseStore, LostHolder } from './lease-store.ts';
import { units, type Unit } from '../limits/limit-definition.ts';
import { expiryGraceMs } from '../admission/reservations.ts';
import type { Asker } from '../limits/scope-table.ts';
import { amountOf, noUse, type Use } from '../admission/use.ts';
import { askerOf } from '../read-usage-event.ts';

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
}

/** Clocks of replicas and of the stream may differ by as much. */
const clockSlackMs = 10_000;
/** What slides has left every window after as long. */
const longestWindowMs = 60_000;

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
  const requests = await lostRequests(lost, readEvents);
  const open = requests.filter(({ actual, deadline }) => actual === undefined && deadline + expiryGraceMs > now);
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
    const running = open.filter((request) => binds(lease, request)).length;
    return { meter, period, granted: running, used: running };
  }
  // What was told as used includes nothing of the open ones: it is of settled requests alone.
  let used = lease.used;
  let reserved = 0;
  for (const request of requests) {
    if (!binds(lease, request)) continue;
    if (request.actual !== undefined) used += amountOf(unit, request.actual);
    else if (open.includes(request)) reserved += amountOf(unit, request.most);
    else used += amountOf(unit, request.isTakenOver ? noUse : request.reserved);
  }
  // One that was begun on its estimate held less than the most it can use: no more than was leased stays leased for it.
  return { meter, period, granted: Math.max(used, Math.min(granted, used + reserved)), used };
}

async function lostRequests(lost: LostHolder, readEvents: ReadUsageEvents): Promise<LostRequest[]> {
  const requests = new Map<string, LostRequest>();
  await readEvents(lost.oldestOpen - clockSlackMs, ({ id, type, time, data }) => {
    if (!isRecord(data) || typeof data.requestId !== 'string') return;
    const { requestId } = data;
    if (type === usageEventTypes.intent) {
      if (!isRecord(data.lease)) return;
      const known = requests.get(requestId);
      if (known !== undefined) known.isTakenOver ||= data.lease.holder !== lost.holder && attemptOf(id) > known.attempt;
      else if (data.lease.holder === lost.holder && (Number(data.lease.number) > lost.admitted || lost.open.has(requestId)))
        requests.set(requestId, requestOf(data, attemptOf(id), Date.parse(String(time))));
      return;
    }
    const request = requests.get(requestId);
    if (request === undefined) return;
    if (type === usageEventTypes.refused) request.actual = { input: 0, output: 0, nanoUsd: 0 };
    else if (type === usageEventTypes.settled && isRecord(data.usage)) {
      // Sent round again, it may have ended under the reservation of another replica.
      const elsewhere = typeof data.reservedBy === 'string' && !lost.holder.startsWith(`${data.reservedBy}/`);
      request.actual = elsewhere
        ? { input: 0, output: 0, nanoUsd: 0 }
        : { input: whole(data.usage.input), output: whole(data.usage.output), nanoUsd: whole(data.costNanoUsd) };
    }
  });
  return [...requests.values()];
}

/** Intents of later attempts say so at the end of their id. */
function attemptOf(id: unknown): number {
  return Number(/:intent-(\d+)$/.exec(String(id))?.[1] ?? 1);
}

function requestOf(data: Record<string, unknown>, attempt: number, startedAt: number): LostRequest {
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
