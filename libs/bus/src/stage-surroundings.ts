import type { NatsConnection } from 'nats';
import type { CancelledRequests } from './cancelled-requests.ts';
import type { ClaimCheck } from './claim-check.ts';
import type { Inbox } from './inbox.ts';
import type { StageTracer } from './tracing.ts';

/** What the process that serves a stage brings along. */
export interface StageSurroundings {
  readonly connection: NatsConnection;
  readonly inbox: Inbox;
  readonly claims: ClaimCheck;
  readonly instance: string;
  readonly tracer: StageTracer | undefined;
  /** A first attempt that arrives older than this must ask for the claim. */
  readonly hopBudgetMs: number;
  readonly cancelled: CancelledRequests;
  readonly observe: (stage: string, outcome: string, durationMs: number) => void;
  readonly log: BusLog;
}

export interface BusLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
