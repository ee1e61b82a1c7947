import type { Envelope, ProviderAttempt } from '@sluice/contracts';
import type { AttemptTools } from './attempt.ts';
import type { FailureReport } from './failure-report.ts';
import type { AskForMore } from './reservation/ask-for-more.ts';
import type { Holding } from './reservation/holding.ts';
import type { FailedAttempt } from './refusal.ts';
import type { RequestWatch, WatchTools } from './request-watch.ts';
import type { Route } from './routing-table.ts';
import type { Account } from './upstream.ts';

export interface RequestTools extends AttemptTools, WatchTools {
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly report: FailureReport;
  /** Asks metering for more than was reserved. */
  readonly ask: AskForMore;
}

/** State of one request between its calls. */
export interface Run {
  readonly tools: RequestTools;
  readonly envelope: Envelope;
  readonly body: Uint8Array;
  /** The model asked for, or the fallback that stands in for it. */
  readonly route: Route;
  readonly watch: RequestWatch;
  readonly attempts: ProviderAttempt[];
  /** Why targets of this route gave no answer, in order. */
  readonly failed: FailedAttempt[];
  /** What the request holds of its limits; undefined where none binds it. */
  readonly holding: Holding | undefined;
  /** Accounts that a provider refused in this request. */
  readonly refusedAccounts: Set<Account>;
}

/** Calls for one request over all its targets: a long list of failing targets ends here. */
export const maxCalls = 32;
