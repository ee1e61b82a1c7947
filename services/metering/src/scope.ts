import type { LimitsConfig } from '@sluice/contracts';
import { SlidingWindow } from './sliding-window.ts';

const minuteMs = 60_000;

export type LimitName = 'requestsPerMinute' | 'tokensPerMinute' | 'concurrency';

/** Why a scope has no room, and in how many milliseconds it may. */
export interface Refusal {
  readonly scope: Scope;
  readonly limit: LimitName;
  readonly allowed: number;
  readonly retryMs: number;
}

/** One owner of limits: a key, a team or an organisation, with what it has used lately. */
export class Scope {
  readonly kind: 'key' | 'team' | 'organization';
  readonly name: string;
  limits: LimitsConfig;
  readonly requests = new SlidingWindow(minuteMs);
  readonly tokens = new SlidingWindow(minuteMs);
  concurrent = 0;

  constructor(kind: Scope['kind'], name: string, limits: LimitsConfig) {
    this.kind = kind;
    this.name = name;
    this.limits = limits;
  }

  /** Whether one more request of `tokens` fits; takes nothing. */
  refusal(now: number, tokens: number): Refusal | undefined {
    const { requestsPerMinute, tokensPerMinute, concurrency } = this.limits;
    if (concurrency !== undefined && this.concurrent >= concurrency) {
      return { scope: this, limit: 'concurrency', allowed: concurrency, retryMs: 1_000 };
    }
    if (requestsPerMinute !== undefined && this.requests.total(now) + 1 > requestsPerMinute) {
      return {
        scope: this,
        limit: 'requestsPerMinute',
        allowed: requestsPerMinute,
        retryMs: this.requests.msUntil(now, requestsPerMinute - 1),
      };
    }
    if (tokensPerMinute !== undefined && this.tokens.total(now) + tokens > tokensPerMinute) {
      return {
        scope: this,
        limit: 'tokensPerMinute',
        allowed: tokensPerMinute,
        retryMs: this.tokens.msUntil(now, Math.max(0, tokensPerMinute - tokens)),
      };
    }
    return undefined;
  }

  take(now: number, tokens: number): void {
    this.requests.add(now, 1);
    this.tokens.add(now, tokens);
    this.concurrent += 1;
  }

  /** Ends a request that began at `takenAt`: `correction` is what it really used less what was taken for it. */
  release(now: number, takenAt: number, correction: number): void {
    if (correction < 0) this.tokens.giveBack(now, takenAt, -correction);
    else this.tokens.add(now, correction);
    this.concurrent -= 1;
  }
}
