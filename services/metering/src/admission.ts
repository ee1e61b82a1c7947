import type { RateLimitState, Snapshot, TokenUsage } from '@sluice/contracts';
import { Scope, type Refusal } from './scope.ts';

/** A reservation whose settlement never came is released this long after its deadline. */
const expiryGraceMs = 60_000;

interface Held {
  readonly scopes: readonly Scope[];
  readonly tokens: number;
  readonly takenAt: number;
  readonly expiresAt: number;
}

export interface AdmissionRequest {
  readonly requestId: string;
  readonly keyId: string;
  readonly organization: string;
  readonly team: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly deadline: number;
}

export interface LimitStates {
  readonly requests?: RateLimitState;
  readonly tokens?: RateLimitState;
}

/**
 * Who may begin a request now. Everything is in memory and synchronous, so a reservation takes from all scopes or from
 * none without a lock. Counts are this process's own.
 */
export class Admission {
  readonly #held = new Map<string, Held>();
  #keys = new Map<string, Scope>();
  #teams = new Map<string, Scope>();
  #organizations = new Map<string, Scope>();

  constructor(snapshot: Snapshot) {
    this.configure(snapshot);
  }

  /** Takes over new limits; scopes that remain keep what they have used. */
  configure(snapshot: Snapshot): void {
    const keys = new Map<string, Scope>();
    const teams = new Map<string, Scope>();
    const organizations = new Map<string, Scope>();
    for (const key of snapshot.keys) keys.set(key.keyId, renew(this.#keys.get(key.keyId), 'key', key.name, key.limits));
    for (const organization of snapshot.organizations) {
      organizations.set(
        organization.name,
        renew(this.#organizations.get(organization.name), 'organization', organization.name, organization.limits),
      );
      for (const team of organization.teams) {
        const id = teamId(organization.name, team.name);
        teams.set(id, renew(this.#teams.get(id), 'team', team.name, team.limits));
      }
    }
    this.#keys = keys;
    this.#teams = teams;
    this.#organizations = organizations;
  }

  /** Takes from every scope of the request, or names the first that has no room. A request already held is admitted again. */
  admit(now: number, request: AdmissionRequest): Refusal | undefined {
    if (this.#held.has(request.requestId)) return undefined;
    const scopes = this.#scopesOf(request.keyId, request.organization, request.team);
    const tokens = request.inputTokens + request.outputTokens;
    for (const scope of scopes) {
      const refusal = scope.refusal(now, tokens);
      if (refusal !== undefined) return refusal;
    }
    for (const scope of scopes) scope.take(now, tokens);
    this.#held.set(request.requestId, { scopes, tokens, takenAt: now, expiresAt: request.deadline + expiryGraceMs });
    return undefined;
  }

  holds(requestId: string): boolean {
    return this.#held.has(requestId);
  }

  /** Gives back what a request did not use; false where this process holds nothing for it. */
  settle(now: number, requestId: string, usage: Pick<TokenUsage, 'input' | 'output'>): boolean {
    const held = this.#held.get(requestId);
    if (held === undefined) return false;
    this.#held.delete(requestId);
    for (const scope of held.scopes) scope.release(now, held.takenAt, usage.input + usage.output - held.tokens);
    return true;
  }

  /** Releases what nobody settled, at its reserved amount. */
  expire(now: number): number {
    let expired = 0;
    for (const [requestId, held] of this.#held) {
      if (held.expiresAt > now) continue;
      this.#held.delete(requestId);
      for (const scope of held.scopes) scope.release(now, held.takenAt, 0);
      expired += 1;
    }
    return expired;
  }

  /** State of the tightest limits of a key, for the answer's headers. */
  states(now: number, keyId: string, organization: string, team: string): LimitStates {
    let requests: RateLimitState | undefined;
    let tokens: RateLimitState | undefined;
    for (const scope of this.#scopesOf(keyId, organization, team)) {
      requests = tighter(
        requests,
        stateOf(scope.limits.requestsPerMinute, scope.requests.total(now), () => scope.requests.msUntil(now, 0)),
      );
      tokens = tighter(
        tokens,
        stateOf(scope.limits.tokensPerMinute, scope.tokens.total(now), () => scope.tokens.msUntil(now, 0)),
      );
    }
    return { ...(requests === undefined ? {} : { requests }), ...(tokens === undefined ? {} : { tokens }) };
  }

  /** All scopes of a key, widest last. */
  scopesOfKey(snapshot: Snapshot, keyId: string): readonly Scope[] {
    const key = snapshot.keys.find((one) => one.keyId === keyId);
    return key === undefined ? [] : this.#scopesOf(keyId, key.organization, key.team);
  }

  get open(): number {
    return this.#held.size;
  }

  #scopesOf(keyId: string, organization: string, team: string): Scope[] {
    const scopes: Scope[] = [];
    for (const scope of [this.#keys.get(keyId), this.#teams.get(teamId(organization, team)), this.#organizations.get(organization)]) {
      if (scope !== undefined) scopes.push(scope);
    }
    return scopes;
  }
}

function renew(known: Scope | undefined, kind: Scope['kind'], name: string, limits: Scope['limits']): Scope {
  if (known === undefined) return new Scope(kind, name, limits);
  known.limits = limits;
  return known;
}

function teamId(organization: string, team: string): string {
  return `${organization}/${team}`;
}

function stateOf(limit: number | undefined, used: number, resetMs: () => number): RateLimitState | undefined {
  return limit === undefined ? undefined : { limit, remaining: Math.max(0, Math.floor(limit - used)), resetMs: Math.ceil(resetMs()) };
}

function tighter(one: RateLimitState | undefined, other: RateLimitState | undefined): RateLimitState | undefined {
  if (one === undefined) return other;
  return other === undefined || one.remaining <= other.remaining ? one : other;
}
