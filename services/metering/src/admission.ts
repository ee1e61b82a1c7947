import type { RateLimitState, Snapshot } from '@sluice/contracts';
import { LeaseKeeper, type KeeperParts, type OpenRequests } from './lease-keeper.ts';
import type { Unit } from './limit-definition.ts';
import { ModelCosts } from './model-costs.ts';
import type { Amounts, Quota } from './quota.ts';
import type { Asker } from './scope-table.ts';
import { ScopeTable } from './scope-table.ts';
import type { Scope } from './scope.ts';
import { WaitingRequests } from './waiting-requests.ts';

/** A reservation whose settlement never came is released this long after its deadline. */
export const expiryGraceMs = 60_000;
/** Longest wait for the first word of the database, whatever the patience: below the hop budget. */
const longestUnheardMs = 1_900;
/** Word of the database that is younger than this is believed without asking again. */
const freshMs = 100;

interface Held {
  readonly asker: Asker;
  readonly quotas: readonly Quota[];
  amounts: Amounts;
  readonly takenAt: number;
  readonly expiresAt: number;
  /** Life of the leases that it was taken from. */
  readonly epoch: number;
  readonly holder: string;
  /** The how-manieth of that holder it is. */
  readonly number: number;
  /** More output for a request that another replica admitted: its use is settled there. */
  readonly extension: boolean;
}

export interface AdmissionRequest extends Asker {
  readonly requestId: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly deadline: number;
  /** What the policy says of models without a price, and of a database that is away. */
  readonly unpriced: 'refuse' | 'admit';
  readonly withoutDatabase: 'refuse' | 'admit';
}

/** What a request really used. */
export interface ActualUse {
  readonly input: number;
  readonly output: number;
  readonly costNanoUsd?: number | undefined;
}

interface Full {
  readonly reason: 'full';
  readonly scope: Scope;
  readonly quota: Quota;
  readonly needed: number;
  readonly retryMs: number;
}

export type Refusal = Full | { readonly reason: 'unpriced'; readonly scope: Scope } | { readonly reason: 'away' };

export interface LimitStates {
  readonly requests?: RateLimitState;
  readonly tokens?: RateLimitState;
}

export interface AdmissionParts extends Pick<KeeperParts, 'store' | 'clock' | 'instance' | 'leaseMs' | 'log'> {
  /** How long a request may wait for quota that others hold unused or have under way. */
  readonly patienceMs: number;
  readonly onCrossed: (scope: Scope, quota: Quota, percent: number) => void;
}

/**
 * Who may begin a request now. A reservation takes from all limits of all its scopes or from none: all are looked at, then
 * all are taken from, in one synchronous turn against the leases in hand. Only where those are short does a request wait for the
 * database, with all others that wait.
 */
export class Admission {
  readonly keeper: LeaseKeeper;
  readonly #parts: AdmissionParts;
  readonly #held = new Map<string, Held>();
  readonly #scopes = new ScopeTable();
  readonly #waiting: WaitingRequests;
  readonly #owners = new WeakMap<Quota, Scope>();
  #costs: ModelCosts;
  #admitted = 0;

  constructor(snapshot: Snapshot, parts: AdmissionParts) {
    this.#parts = parts;
    this.#costs = new ModelCosts(snapshot, parts.clock);
    this.#waiting = new WaitingRequests(parts.clock, () => {
      this.keeper.wake();
    });
    this.keeper = new LeaseKeeper({
      ...parts,
      openRequests: (now) => this.#openRequests(now),
      onCrossed: (quota, percent) => {
        const scope = this.#owners.get(quota);
        if (scope !== undefined) parts.onCrossed(scope, quota, percent);
      },
      onRenewed: () => {
        this.#waiting.review();
      },
      onLost: () => {
        this.#admitted = 0;
      },
    });
    this.configure(snapshot);
  }

  /** Takes over new limits; what remains keeps its leases. */
  configure(snapshot: Snapshot): void {
    this.#scopes.configure(snapshot);
    this.#costs = new ModelCosts(snapshot, this.#parts.clock);
    void this.keeper.flush(true);
  }

  /**
   * Takes from every limit of the request, or says why not. A request already held is admitted again.
   * @returns a promise only where leases in hand are short
   */
  admit(request: AdmissionRequest): Refusal | undefined | Promise<Refusal | undefined> {
    if (this.#held.has(request.requestId)) return undefined;
    const scopes = this.#scopes.of(request);
    const amounts = this.#amountsOf(request);
    const taken = this.#take(request, scopes, amounts, false);
    if (taken?.reason !== 'full') return taken;
    const now = this.#parts.clock();
    if (this.#isHopeless(now, taken)) return taken;
    // A request may have been admitted in another attempt meanwhile.
    const attempt = () => (this.#held.has(request.requestId) ? undefined : this.#take(request, scopes, amounts, false));
    return this.#waitFor(request, scopes, amounts, attempt);
  }

  /** Holds more output for a request; where another replica admitted it, until its settlement only. */
  async extend(request: Omit<AdmissionRequest, 'inputTokens'>): Promise<boolean> {
    const more = { ...request, inputTokens: 0 };
    const amounts = { ...this.#amountsOf(more), requests: 0, concurrency: 0 };
    const scopes = this.#scopes.of(more);
    const attempt = (): Refusal | undefined => this.#extend(more, scopes, amounts);
    const refusal = attempt();
    if (refusal?.reason !== 'full' || this.#isHopeless(this.#parts.clock(), refusal)) return refusal === undefined;
    return (await this.#waitFor(more, scopes, amounts, attempt)) === undefined;
  }

  /** Whether limits leave so little that an upper bound of the input does not fit, and it is worth to count exactly. */
  isTight(asker: Asker, inputTokensAtMost: number, outputTokens: number): boolean {
    const now = this.#parts.clock();
    const cost = this.#costs.estimate(asker.model, inputTokensAtMost, outputTokens) ?? 0;
    for (const { meters } of this.#scopes.of(asker)) {
      for (const meter of meters) {
        const quota = meter.at(now);
        const needed = countedBy(quota.unit, inputTokensAtMost, outputTokens, cost);
        if (needed > 0 && quota.left(now) < needed && !quota.definition.soft) return true;
      }
    }
    return false;
  }

  /** What a reservation may cost; undefined where the model has no price. */
  cost({ model, inputTokens, outputTokens }: Pick<AdmissionRequest, 'model' | 'inputTokens' | 'outputTokens'>): number | undefined {
    return this.#costs.estimate(model, inputTokens, outputTokens);
  }

  holds(requestId: string): boolean {
    return this.#held.has(requestId) || this.#held.has(`${requestId}+`);
  }

  /** Whose lease a request was taken from, for its intent; undefined where no limit binds it. */
  leaseOf(requestId: string): { holder: string; number: number } | undefined {
    const held = this.#held.get(requestId);
    return held === undefined || held.quotas.length === 0 ? undefined : { holder: held.holder, number: held.number };
  }

  /** Puts what a request used in the place of what it held; undefined where this process holds nothing for it. */
  settle(requestId: string, use: ActualUse): { readonly asker: Asker } | undefined {
    const extension = this.#held.get(`${requestId}+`);
    if (extension !== undefined) this.#release(`${requestId}+`, extension, none);
    const held = this.#held.get(requestId);
    if (held === undefined) return extension;
    const amounts: Amounts = {
      requests: 1,
      concurrency: 1,
      tokens: use.input + use.output,
      inputTokens: use.input,
      outputTokens: use.output,
      nanoUsd: use.costNanoUsd ?? 0,
    };
    this.#release(requestId, held, amounts);
    return held;
  }

  /** Releases what nobody settled, at its reserved amount. */
  expire(): number {
    const now = this.#parts.clock();
    let expired = 0;
    for (const [requestId, held] of this.#held) {
      if (held.expiresAt > now) continue;
      this.#release(requestId, held, held.extension ? none : held.amounts);
      expired += 1;
    }
    return expired;
  }

  /** State of the tightest limits of a request, for the answer's headers. */
  states(asker: Asker): LimitStates {
    const now = this.#parts.clock();
    let requests: RateLimitState | undefined;
    let tokens: RateLimitState | undefined;
    for (const { meters } of this.#scopes.of(asker)) {
      for (const meter of meters) {
        const { unit, name, soft } = meter.definition;
        if (soft || unit === 'concurrency' || unit === 'nanoUsd' || name === 'budget') continue;
        const quota = meter.at(now);
        if (unit === 'requests') requests = tighter(requests, quota, now);
        else tokens = tighter(tokens, quota, now);
      }
    }
    return { ...(requests === undefined ? {} : { requests }), ...(tokens === undefined ? {} : { tokens }) };
  }

  /** All scopes of an asker, narrowest first. */
  scopesOf(asker: Asker): readonly Scope[] {
    return this.#scopes.of(asker);
  }

  get open(): number {
    return this.#held.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  #waitFor(
    { deadline }: AdmissionRequest,
    scopes: readonly Scope[],
    amounts: Amounts,
    attempt: () => Refusal | undefined,
  ): Promise<Refusal | undefined> {
    const since = this.#parts.clock();
    return this.#waiting.wait({
      until: Math.min(since + this.#parts.patienceMs, deadline),
      attempt: () => {
        const refusal = attempt();
        if (refusal?.reason !== 'full') return { settled: true, unheard: false, refusal };
        const now = this.#parts.clock();
        // A database that does not answer is told of as being away, well before a statement may take as long as this.
        const unheard = refusal.quota.renewedAt < since && !this.keeper.away && now - since < longestUnheardMs;
        return { settled: this.#isHopeless(now, refusal), unheard, refusal };
      },
      needs: () => {
        const quotas = this.#quotasOf(scopes, this.#parts.clock());
        for (const quota of quotas) this.keeper.follow(quota);
        return quotas.map((quota) => [quota, amounts[quota.unit]] as const);
      },
    });
  }

  #extend(more: AdmissionRequest, scopes: readonly Scope[], amounts: Amounts): Refusal | undefined {
    const id = this.#held.has(more.requestId) ? more.requestId : `${more.requestId}+`;
    const held = this.#held.get(id);
    if (held === undefined) return this.#take({ ...more, requestId: id }, scopes, amounts, true);
    const now = this.#parts.clock();
    const short = this.#firstShort(now, scopes, amounts);
    if (short !== undefined) return short;
    for (const quota of held.quotas) quota.take(now, amounts[quota.unit]);
    held.amounts = sum(held.amounts, amounts);
    return undefined;
  }

  #amountsOf(request: Omit<AdmissionRequest, 'requestId'>): Amounts {
    const { inputTokens, outputTokens } = request;
    const nanoUsd = this.cost(request) ?? 0;
    return { requests: 1, concurrency: 1, tokens: inputTokens + outputTokens, inputTokens, outputTokens, nanoUsd };
  }

  #take(request: AdmissionRequest, scopes: readonly Scope[], amounts: Amounts, extension: boolean): Refusal | undefined {
    const now = this.#parts.clock();
    const unpriced = request.unpriced === 'refuse' && this.cost(request) === undefined ? scopes.find(hasHardUsdBudget) : undefined;
    if (unpriced !== undefined) return { reason: 'unpriced', scope: unpriced };
    const short = this.#firstShort(now, scopes, amounts);
    if (short !== undefined) {
      const away = this.keeper.away && (!this.keeper.isValid(now) || short.quota.mayFit(now, short.needed));
      if (!away) return short;
      if (request.withoutDatabase === 'refuse') {
        this.#wakeFor(now, [short.quota]);
        return { reason: 'away' };
      }
    }
    const quotas = this.#quotasOf(scopes, now);
    let low = false;
    for (const quota of quotas) {
      const amount = amounts[quota.unit];
      quota.take(now, amount);
      this.keeper.follow(quota);
      low ||= quota.room(now) < quota.lowWater;
    }
    if (low) this.keeper.wake();
    if (!extension) this.#admitted += 1;
    const { keyId, organization, team, user, tags, model } = request;
    this.#held.set(request.requestId, {
      asker: { keyId, organization, team, user, tags, model },
      quotas,
      amounts,
      takenAt: now,
      expiresAt: request.deadline + expiryGraceMs,
      epoch: this.keeper.epoch,
      holder: this.keeper.holder,
      number: this.#admitted,
      extension,
    });
    return undefined;
  }

  /** The first limit whose lease has no room. */
  #firstShort(now: number, scopes: readonly Scope[], amounts: Amounts): Full | undefined {
    const valid = this.keeper.isValid(now);
    for (const scope of scopes) {
      for (const meter of scope.meters) {
        const quota = meter.at(now);
        const needed = amounts[quota.unit];
        if (needed === 0 || (valid && quota.room(now) >= needed)) continue;
        return { reason: 'full', scope, quota, needed, retryMs: quota.msUntil(now, needed) };
      }
    }
    return undefined;
  }

  /** Whether waiting is pointless: the limit itself is used up, by what was heard of it just now. */
  #isHopeless(now: number, { quota, needed }: Full): boolean {
    const certain = now - quota.renewedAt < freshMs || quota.granted >= quota.allowed;
    return certain && this.keeper.isValid(now) && !quota.mayFit(now, needed);
  }

  #quotasOf(scopes: readonly Scope[], now: number): Quota[] {
    const quotas: Quota[] = [];
    for (const scope of scopes) {
      for (const meter of scope.meters) {
        const quota = meter.at(now);
        if (quota.definition.alerts.length > 0 && !this.#owners.has(quota)) this.#owners.set(quota, scope);
        quotas.push(quota);
      }
    }
    return quotas;
  }

  #wakeFor(now: number, quotas: readonly Quota[]): void {
    for (const quota of quotas) this.keeper.follow(quota);
    if (quotas.some((quota) => now - quota.renewedAt > freshMs)) this.keeper.wake();
  }

  #release(requestId: string, held: Held, actual: Amounts): void {
    this.#held.delete(requestId);
    const now = this.#parts.clock();
    const ours = held.epoch === this.keeper.epoch;
    for (const quota of held.quotas) {
      // What belonged to leases that were lost is booked by whoever reconciles them.
      if (ours)
        quota.settle(now, held.takenAt, held.amounts[quota.unit], held.extension && quota.unit === 'concurrency' ? 0 : actual[quota.unit]);
      this.keeper.follow(quota);
      if (quota.isWanted && quota.waiting === 0) this.keeper.hurry();
    }
    if (this.#waiting.size > 0) this.#waiting.review();
  }

  #openRequests(now: number): OpenRequests {
    const open: string[] = [];
    let oldestOpen = now;
    for (const [requestId, held] of this.#held) {
      if (held.extension || held.epoch !== this.keeper.epoch || held.quotas.length === 0) continue;
      if (open.length === 0) oldestOpen = held.takenAt;
      open.push(requestId);
    }
    return { admitted: this.#admitted, open, oldestOpen };
  }
}

function hasHardUsdBudget(scope: Scope): boolean {
  return scope.meters.some(({ definition }) => definition.unit === 'nanoUsd' && !definition.soft);
}

const none: Amounts = { requests: 0, concurrency: 0, tokens: 0, inputTokens: 0, outputTokens: 0, nanoUsd: 0 };

function sum(one: Amounts, other: Amounts): Amounts {
  return {
    requests: one.requests + other.requests,
    concurrency: one.concurrency + other.concurrency,
    tokens: one.tokens + other.tokens,
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    nanoUsd: one.nanoUsd + other.nanoUsd,
  };
}

function countedBy(unit: Unit, input: number, output: number, nanoUsd: number): number {
  switch (unit) {
    case 'tokens':
      return input + output;
    case 'inputTokens':
      return input;
    case 'nanoUsd':
      return nanoUsd;
    default:
      return 0;
  }
}

function tighter(known: RateLimitState | undefined, quota: Quota, now: number): RateLimitState {
  const remaining = Math.floor(quota.left(now));
  if (known !== undefined && known.remaining <= remaining) return known;
  return { limit: quota.allowed, remaining, resetMs: Math.ceil(quota.resetMs(now)) };
}
