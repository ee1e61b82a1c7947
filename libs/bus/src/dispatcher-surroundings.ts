import type { NatsConnection } from 'nats';
import type { PresenceTable } from './bus.ts';
import type { ClaimCheck } from './claim-check.ts';
import type { Inbox } from './inbox.ts';

/** What the process that dispatches requests brings along. */
export interface DispatcherSurroundings {
  readonly connection: NatsConnection;
  readonly inbox: Inbox;
  readonly claims: ClaimCheck;
  readonly presence: PresenceTable;
  readonly log: { warn(fields: object, message: string): void };
}
