import type { Bus } from '@sluice/bus';
import { isRecord, streams } from '@sluice/contracts';
import type { Admission } from '../admission/admission.ts';
import { isCalendarSpan } from '../limits/limit-definition.ts';
import type { SupplementBook } from './book-supplements.ts';
import { periodOf } from './calendar.ts';
import type { LeaseStore } from './lease-store.ts';
import type { LostRequest, ReadUsageEvents } from './lost-requests.ts';
import { reconcile, type MeterWindow } from './reconcile.ts';

export interface ReconcilerParts {
  readonly store: Pick<LeaseStore, 'nextLost' | 'reclaim' | 'forgetOldCounters'>;
  readonly bus: Pick<Bus, 'readStream'>;
  readonly log: { warn(fields: object, message: string): void; info(fields: object, message: string): void };
  readonly clock: () => number;
  readonly admission: Pick<Admission, 'scopesOf'>;
  readonly supplements: Pick<SupplementBook, 'book'>;
  readonly isReady: () => boolean;
}

const sweepMs = 1_000;
/** Old counters are looked for each so many sweeps: an hour. */
const sweepsPerCleaning = 3_600;

/** Looks for holders that did not renew, and gives back what they leased and did not use. Replicas share the work by row locks. */
export function startReconciler(parts: ReconcilerParts): () => Promise<void> {
  let running: Promise<void> | undefined;
  let sweeps = 0;
  const timer = setInterval(() => {
    if (!parts.isReady()) return;
    running ??= sweep(parts, sweeps++ % sweepsPerCleaning === 0).finally(() => (running = undefined));
  }, sweepMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}

async function sweep(parts: ReconcilerParts, clean: boolean): Promise<void> {
  const { store, log, clock } = parts;
  try {
    if (clean) await store.forgetOldCounters();
    const lost = await store.nextLost();
    if (lost === undefined) return;
    const done = await reconcile(
      store,
      lost,
      readerOf(parts.bus),
      (request) => windowsOf(parts.admission, request),
      (supplement) => parts.supplements.book(supplement),
      clock(),
    );
    log.info({ holder: lost.holder, leases: lost.leases.length, done }, 'leases of a lost holder reconciled with the usage events');
  } catch (error) {
    log.warn({ err: error }, 'leases of a lost holder are not reconciled yet; trying again');
  }
}

/** The windows of all limits of whoever asked, in which the request began. */
function windowsOf(admission: Pick<Admission, 'scopesOf'>, request: LostRequest): MeterWindow[] {
  return admission
    .scopesOf(request)
    .flatMap(({ meters }) => meters)
    .map(({ id, definition: { span, calendar } }) => ({
      meter: id,
      period: isCalendarSpan(span) ? periodOf(span, calendar, request.startedAt).start : 0,
    }));
}

function readerOf(bus: Pick<Bus, 'readStream'>): ReadUsageEvents {
  return (since, handle) =>
    bus.readStream({
      stream: streams.usage,
      since,
      handle: (data) => {
        try {
          const event: unknown = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8'));
          if (isRecord(event)) handle(event);
        } catch {
          // No event: billing has it among the rejected ones.
        }
      },
    });
}
