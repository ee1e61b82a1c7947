import { lateIntentMs } from '../leases/lost-requests.ts';
import type { SettlementHearing } from '../hear-settlements.ts';
import type { Admission } from './admission.ts';

export interface ExpiryParts {
  readonly admission: Pick<Admission, 'oldestOverdue' | 'expire'>;
  readonly hearing: Pick<SettlementHearing, 'hearAgain'>;
  readonly clock: () => number;
  readonly log: { warn(fields: object, message: string): void };
}

const sweepMs = 1_000;
/** The stream is read for whatever fell due in this time together: a dead ingress leaves many behind, and minutes of events are many. */
const readAgainMs = 20_000;

/**
 * Books what nobody settled, once its time is over and the stored events were looked at again: an end may have been told before this
 * process admitted the request, which had waited for it, and it heard of nothing since. While they cannot be read, nothing is booked.
 */
export function startExpiry({ admission, hearing, clock, log }: ExpiryParts): () => Promise<void> {
  let running: Promise<void> | undefined;
  let notBefore = Number.NEGATIVE_INFINITY;
  const sweep = async (oldest: number, now: number): Promise<void> => {
    notBefore = now + readAgainMs;
    try {
      await hearing.hearAgain(oldest - lateIntentMs);
      const expired = admission.expire(now);
      if (expired > 0) log.warn({ expired }, 'requests that nobody settled are booked at what was expected of them');
    } catch (error) {
      log.warn({ err: error }, 'the ends of requests that are overdue cannot be read yet; trying again');
    }
  };
  const timer = setInterval(() => {
    const now = clock();
    const oldest = now < notBefore ? undefined : admission.oldestOverdue;
    if (oldest !== undefined) running ??= sweep(oldest, now).finally(() => (running = undefined));
  }, sweepMs).unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
