import type { Snapshot } from '@sluice/contracts';
import type { Binding } from '../limits/binding.ts';
import type { KeeperParts, LeaseKeeper } from '../leases/lease-keeper.ts';
import { ModelCosts } from '../estimates/model-costs.ts';
import type { Quota } from '../leases/quota.ts';
import type { ActualUse, AdmissionRequest, ExtensionRequest } from './admission-request.ts';
import { limitStates, type LimitStates } from './limit-states.ts';
import type { Full, Refusal } from './refusal.ts';
import type { Estimate, Reservation } from './reservation.ts';
import { Reservations } from './reservations.ts';
import type { Supplement } from '../read-usage-event.ts';
import { ScopeTable, type Asker } from '../limits/scope-table.ts';
import type { Scope } from '../limits/scope.ts';
import { heldOf } from '../leases/take-quotas.ts';
import { amountOf, furtherAmountOf, type Use } from './use.ts';
import { WaitingRequests } from './waiting-requests.ts';

/** Longest wait for the first word of the database, whatever the patience: below the hop budget. */
const longestUnheardMs = 1_900;
/** Share of a request that its input must be for its count to decide anything: counting takes milliseconds. */
const countedShare = 0.25;
/** Word of the database that is younger than this is believed without asking again. */
const freshMs = 100;

export interface AdmissionParts extends Pick<KeeperParts, 'store' | 'clock' | 'instance' | 'leaseMs' | 'log'> {
  /** How long after its dispatch a request may wait for quota that others hold unused or have under way. */
  readonly patienceMs: number;
  /** The longest answer of a model of which the catalogue does not know it. */
  readonly mostOutputTokens: number;
}

/**
 * Who may begin a request now. A reservation takes from all limits of all its scopes or from none: all are looked at, then
 * all are taken from, in one synchronous turn against the leases in hand. Only where those are short does a request wait for the
 * database, with all others that wait.
 */
export class Admission {
  readonly #parts: AdmissionParts;
  readonly #scopes = new ScopeTable();
  readonly #reservations: Reservations;
  readonly #waiting: WaitingRequests;
  #costs: ModelCosts;

  constructor(snapshot: Snapshot, parts: AdmissionParts) {
    this.#parts = parts;
    this.#costs = new ModelCosts(snapshot, parts.clock, parts.mostOutputTokens);
    this.#waiting = new WaitingRequests(
      parts.clock,
      () => {
        this.keeper.wake();
      },
      () => {
        this.keeper.hurry();
      },
    );
    this.#reservations = new Reservations({
      ...parts,
      onRenewed: () => {
        this.#waiting.reviewNow();
      },
      onReleased: () => {
        this.#waiting.review();
      },
    });
    this.configure(snapshot);
  }

  get keeper(): LeaseKeeper {
    return this.#reservations.keeper;
  }

  /** Takes over new limits; what remains keeps its leases. */
  configure(snapshot: Snapshot): void {
    this.#scopes.configure(snapshot);
    this.#costs = new ModelCosts(snapshot, this.#parts.clock, this.#parts.mostOutputTokens);
    void this.keeper.flush(true);
  }

  /** Lets a key begin so many requests in any minute, over all replicas, on top of its own limits; undefined ends that. */
  throttle(keyId: string, requestsPerMinute: number | undefined): void {
    this.#scopes.throttle(keyId, requestsPerMinute);
  }

  /**
   * Takes from every limit of the request, or says why not. A request already held is admitted again.
   * @returns `count` where an exact count of the input may decide; a promise only where leases in hand are short
   */
  admit(request: AdmissionRequest): Refusal | 'count' | undefined | Promise<Refusal | undefined> {
    if (this.#reservations.get(request.requestId) !== undefined) return undefined;
    const now = this.#parts.clock();
    const binding = this.#scopes.of(request);
    const estimate = this.#estimateOf(request, binding);
    if (isUncounted(request) && binding.isTight(now, estimate)) return 'count';
    const refusal = this.#take(request, binding, estimate);
    if (refusal?.reason !== 'full') return refusal;
    const { quota, needed } = refusal;
    if (isUncounted(request) && quota.left(now) < heldOf(quota, estimate)) {
      const { model, outputTokens: output } = request;
      const outputOnly = amountOf(quota.unit, { input: 0, output, nanoUsd: this.#costs.estimate(model, 0, output) ?? 0 });
      // Its count may fit where its bytes do not; but not where the output alone is too much, or the input next to nothing.
      if (this.#isHopeless(now, quota, outputOnly)) return refusal;
      if (needed - outputOnly > needed * countedShare) return 'count';
    }
    return this.#isHopeless(now, quota, needed) ? refusal : this.#waitFor(request, estimate);
  }

  /** Holds more for a request under way; where another replica admitted it, until its settlement only. */
  async extend(request: ExtensionRequest): Promise<boolean> {
    const { inputTokens: input, outputTokens: output } = request;
    const nanoUsd = this.#costs.estimate(request.pricedAs ?? request.model, input, output);
    const mayNotBeFree = request.unpriced === 'refuse' && this.#scopes.of(request).hasUsdBudget !== undefined;
    if (nanoUsd === undefined && mayNotBeFree) return false;
    const more: Use = { input, output, nanoUsd: nanoUsd ?? 0 };
    const refusal = this.#extend(request, more);
    if (refusal === undefined) return true;
    if (refusal.reason !== 'full' || this.#isHopeless(this.#parts.clock(), refusal.quota, refusal.needed)) return false;
    const granted = await this.#waiting.wait({
      requestId: request.requestId,
      until: this.#patienceOf(request, this.#parts.clock()),
      attempt: this.#attemptOf(() => this.#extend(request, more)),
      needs: () => this.#needs(request, (quota) => furtherAmountOf(quota.unit, more)),
    });
    return granted === undefined;
  }

  /** What a reservation may cost; undefined where the model has no price. */
  cost(model: string, inputTokens: number, outputTokens: number): number | undefined {
    return this.#costs.estimate(model, inputTokens, outputTokens);
  }

  /** The longest answer that a model gives where a request sets no maximum. */
  mostOutputTokens(model: string): number {
    return this.#costs.mostOutputTokens(model);
  }

  holds(requestId: string): boolean {
    return this.#reservations.holds(requestId);
  }

  /** The reservation of a request that limits bind; undefined where none does, or another replica holds it. */
  reservationOf(requestId: string): Reservation | undefined {
    const reservation = this.#reservations.get(requestId);
    return reservation === undefined || reservation.quotas.length === 0 ? undefined : reservation;
  }

  /** Puts what a request used in the place of what it held; undefined where this process holds nothing for it. */
  settle(requestId: string, { input, output, costNanoUsd, callsUnknown = false }: ActualUse): { readonly asker: Asker } | undefined {
    if (this.#waiting.size > 0) this.#waiting.drop(requestId);
    return this.#reservations.settle(requestId, { input, output, nanoUsd: costNanoUsd ?? 0 }, callsUnknown);
  }

  /** Another replica admitted the request too, in its `attempt`th sending round. */
  takenOver(requestId: string, attempt: number): void {
    this.#reservations.takenOver(requestId, attempt);
  }

  /** Use of an ended request is counted apart: so much less is held for such. */
  supplemented({ requestId, eventId, use }: Pick<Supplement, 'requestId' | 'eventId' | 'use'>): void {
    this.#reservations.supplemented(requestId, eventId, use);
  }

  /** Epoch ms at which the oldest of those was admitted that nobody has settled though their time is over; undefined where there are none. */
  get oldestOverdue(): number | undefined {
    return this.#reservations.oldestOverdue;
  }

  /** Books what nobody settled by `time`, epoch ms. */
  expire(time: number): number {
    return this.#reservations.expire(time);
  }

  /** State of the tightest limits of a request, for the answer's headers. */
  states(asker: Asker): LimitStates {
    const now = this.#parts.clock();
    return limitStates(this.#scopes.of(asker).shownQuotas(now), now);
  }

  /** Whether a limit on tokens or money refuses what goes beyond it. */
  isBound(asker: Asker): boolean {
    return this.#scopes.of(asker).isBound;
  }

  /** All scopes of an asker, narrowest first. */
  scopesOf(asker: Asker): readonly Scope[] {
    return this.#scopes.of(asker).scopes;
  }

  get open(): number {
    return this.#reservations.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  #estimateOf({ model, inputTokens, outputTokens, mostInputTokens, mostOutputTokens }: AdmissionRequest, binding: Binding): Estimate {
    const nanoUsd = this.#costs.estimate(model, inputTokens, outputTokens) ?? 0;
    const expected = { input: inputTokens, output: outputTokens, nanoUsd };
    if (!binding.isBound) return { expected, most: expected };
    const mostNanoUsd = this.#costs.estimate(model, mostInputTokens, mostOutputTokens) ?? 0;
    return { expected, most: { input: mostInputTokens, output: mostOutputTokens, nanoUsd: mostNanoUsd } };
  }

  #take(request: AdmissionRequest, binding: Binding, estimate: Estimate): Refusal | undefined {
    const { hasUsdBudget } = binding;
    if (hasUsdBudget !== undefined && request.unpriced === 'refuse' && this.#costs.estimate(request.model, 0, 0) === undefined)
      return { reason: 'unpriced', scope: hasUsdBudget };
    const now = this.#parts.clock();
    const full = this.#reservations.take(request, estimate, binding.quotas(now), (short) =>
      request.withoutDatabase === 'admit' && this.#isAway(now, short) ? 'regardless' : 'refuse',
    );
    return full === undefined ? undefined : this.#refusalOf(now, full);
  }

  #extend(request: ExtensionRequest, more: Use): Refusal | undefined {
    const full = this.#reservations.extend(request, more, (now) => this.#scopes.of(request).quotas(now));
    return full === undefined ? undefined : this.#refusalOf(this.#parts.clock(), full);
  }

  #refusalOf(now: number, full: Full): Refusal {
    if (!this.#isAway(now, full)) return full;
    this.keeper.follow(full.quota);
    if (now - full.quota.renewedAt > freshMs) this.keeper.wake();
    return { reason: 'away' };
  }

  #waitFor(request: AdmissionRequest, estimate: Estimate): Promise<Refusal | undefined> {
    return this.#waiting.wait({
      requestId: request.requestId,
      until: this.#patienceOf(request, request.dispatchedAt),
      attempt: this.#attemptOf(() => {
        // A request may have been admitted in another attempt meanwhile.
        if (this.#reservations.get(request.requestId) !== undefined) return undefined;
        return this.#take(request, this.#scopes.of(request), estimate);
      }),
      needs: () => this.#needs(request, (quota) => heldOf(quota, estimate)),
    });
  }

  /** Clocks differ: no wait is longer than the patience, whatever the dispatcher's says. */
  #patienceOf({ deadline }: { readonly deadline: number }, since: number): number {
    return Math.min(Math.min(since, this.#parts.clock()) + this.#parts.patienceMs, deadline);
  }

  #attemptOf(attempt: () => Refusal | undefined): () => { settled: boolean; unheard: boolean; refusal: Refusal | undefined } {
    const since = this.#parts.clock();
    return () => {
      const refusal = attempt();
      if (refusal?.reason !== 'full') return { settled: true, unheard: false, refusal };
      const now = this.#parts.clock();
      // A database that does not answer is told of as being away, well before a statement may take as long as this.
      const unheard = refusal.quota.askedAt < since && !this.keeper.away && now - since < longestUnheardMs;
      return { settled: this.#isHopeless(now, refusal.quota, refusal.needed), unheard, refusal };
    };
  }

  #needs(asker: Asker, amount: (quota: Quota) => number): (readonly [Quota, number])[] {
    const quotas = this.#scopes.of(asker).quotas(this.#parts.clock());
    for (const quota of quotas) this.keeper.follow(quota);
    return quotas.map((quota) => [quota, amount(quota)] as const).filter(([, needed]) => needed > 0);
  }

  #isAway(now: number, { quota, needed }: Pick<Full, 'quota' | 'needed'>): boolean {
    return this.keeper.away && (!this.keeper.isValid(now) || quota.mayFit(now, needed));
  }

  /** Whether waiting is pointless: the limit itself is used up, by what was heard of it just now. */
  #isHopeless(now: number, quota: Quota, needed: number): boolean {
    const certain = now - quota.renewedAt < freshMs || quota.granted >= quota.allowed;
    return certain && this.keeper.isValid(now) && !quota.mayFit(now, needed);
  }
}

function isUncounted({ counted, inputTokens }: AdmissionRequest): boolean {
  return !counted && inputTokens > 0;
}
