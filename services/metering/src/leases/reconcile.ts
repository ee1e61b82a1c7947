import type { KeptLease, LeaseStore, LostHolder } from './lease-store.ts';
import { isOpen, lostRequests, type LostRequest, type ReadUsageEvents } from './lost-requests.ts';
import type { Supplement } from '../read-usage-event.ts';
import { units, type Unit } from '../limits/limit-definition.ts';
import { amountOf, furtherAmountOf, noUse } from '../admission/use.ts';

/** A window of a meter, as leases name it. */
export type MeterWindow = Pick<KeptLease, 'meter' | 'period'>;

/** What slides has left every window after as long. */
const longestWindowMs = 60_000;

/**
 * Gives back what a lost holder had leased and did not use: what it told last stands, and what it admitted later, or had not
 * settled then, is read from the stored events. Unsettled requests keep their reserved amount, until their settlement comes or,
 * a minute after their deadline, for good: as in the ledger.
 * @param windowsOf the windows that a request was counted in
 * @param book counts use that takes no reservation's place, once for all who ask
 * @returns true once nothing of it is open
 */
export async function reconcile(
  store: Pick<LeaseStore, 'reclaim'>,
  lost: LostHolder,
  readEvents: ReadUsageEvents,
  windowsOf: (request: LostRequest) => readonly MeterWindow[],
  book: (supplement: Supplement) => Promise<unknown>,
  now: number,
): Promise<boolean> {
  const requests = await lostRequests(lost, readEvents, now);
  for (const { apart } of requests) for (const supplement of apart.values()) await book(supplement);
  const tallies = new Map(lost.leases.map((lease) => [nameOf(lease), new LeaseTally(lease)]));
  let open = 0;
  for (const request of requests) {
    const holds = isOpen(request, now);
    if (holds) open += 1;
    for (const window of windowsOf(request)) tallies.get(nameOf(window))?.add(request, holds);
  }
  const windowsPassed = now >= lost.expiredAt + longestWindowMs;
  const slides = lost.leases.some(({ meter }) => isSliding(meter));
  const kept = [...tallies.values()].map((tally) => tally.kept(windowsPassed));
  const done = open === 0 && (windowsPassed || !slides);
  await store.reclaim(lost.holder, kept, done);
  return done;
}

/** What stays of one lease of a lost holder. */
class LeaseTally {
  readonly #lease: LostHolder['leases'][number];
  readonly #unit: Unit;
  readonly #span: string;
  /** What was told as used includes nothing of the open ones: it is of settled requests alone. */
  #used: number;
  #reserved = 0;
  #running = 0;

  constructor(lease: LostHolder['leases'][number]) {
    this.#lease = lease;
    this.#used = lease.used;
    ({ unit: this.#unit, span: this.#span } = partsOfMeter(lease.meter));
  }

  /** @param holds whether the request may use more */
  add({ actual, most, reserved, isEndTold, isTakenOver, apart }: LostRequest, holds: boolean): void {
    if (actual === undefined && holds) this.#running += 1;
    const used = actual ?? (holds ? undefined : isTakenOver ? noUse : reserved);
    const amount = used === undefined ? 0 : amountOf(this.#unit, used);
    if (!isEndTold) this.#used += amount;
    if (!holds) return;
    let left = amountOf(this.#unit, most) - amount;
    for (const { use } of apart.values()) left -= furtherAmountOf(this.#unit, use);
    this.#reserved += Math.max(0, left);
  }

  kept(windowsPassed: boolean): KeptLease {
    const { meter, period, granted, used } = this.#lease;
    if (isSliding(meter)) return windowsPassed ? { meter, period, granted: 0, used: 0 } : { meter, period, granted, used };
    if (this.#span === 'now') return { meter, period, granted: this.#running, used: this.#running };
    // One that was begun on its estimate held less than the most it can use: no more than was leased stays leased for it.
    return { meter, period, granted: Math.max(this.#used, Math.min(granted, this.#used + this.#reserved)), used: this.#used };
  }
}

function nameOf({ meter, period }: MeterWindow): string {
  return `${meter} ${period}`;
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
