import { setTimeout as delay } from 'node:timers/promises';
import type { Bus, Closable } from '@sluice/bus';
import { streams, subjects } from '@sluice/contracts';
import { readUsageEvent, type Settlement, type Supplement } from './read-usage-event.ts';

export interface HearingParts {
  readonly bus: Pick<Bus, 'instance' | 'subscribe' | 'onConnection' | 'readStream'>;
  readonly clock: () => number;
  readonly log: { warn(fields: object, message: string): void };
  /** Whether this process holds a reservation of that request. */
  readonly holds: (requestId: string) => boolean;
  readonly settle: (settlement: Settlement) => void;
  readonly takenOver: (requestId: string, attempt: number) => void;
  readonly supplement: (supplement: Supplement) => void;
}

export interface SettlementHearing extends Closable {
  /** Hears what was told from a time on, epoch ms, again; throws where it cannot be read now. */
  hearAgain(since: number): Promise<void>;
}

/** A lost connection is noticed so late at most (two pings), and clocks differ a little. */
const slackMs = 40_000;
const tryAgainMs = 1_000;
/** Then reservations expire a minute after their deadlines, at what was expected of them. */
const maxTries = 60;

/**
 * Hears the ends of requests, as a plain subscription: what came while this process was cut off is read from the stream once it is back, or
 * reservations would stand until they expire, at what was expected in place of what was used.
 */
export function hearSettlements({ bus, clock, log, holds, settle, takenOver, supplement }: HearingParts): SettlementHearing {
  const hear = (data: Uint8Array): void => {
    const heard = readUsageEvent(data, holds, bus.instance);
    if (heard?.kind === 'settled') settle(heard);
    else if (heard?.kind === 'taken-over') takenOver(heard.requestId, heard.attempt);
    else if (heard !== undefined) supplement(heard);
  };
  const stopped = new AbortController();
  const isStopped = () => stopped.signal.aborted; // it changes while the reading waits
  let deafSince: number | undefined;
  let gaps = 0;
  let reading: Promise<void> | undefined;
  const readMissed = async (): Promise<void> => {
    for (let tries = 1; deafSince !== undefined && !isStopped(); tries += 1) {
      const [since, gap] = [deafSince, gaps];
      try {
        await bus.readStream({ stream: streams.usage, since, handle: hear });
        if (gaps === gap) deafSince = undefined; // else it was cut off again meanwhile
      } catch (error) {
        if (tries >= maxTries || isStopped()) return;
        log.warn({ err: error }, 'settlements that were missed could not be read yet; trying again');
        await delay(tryAgainMs, undefined, { signal: stopped.signal }).catch(() => undefined);
      }
    }
  };
  bus.onConnection((connected) => {
    if (!connected) {
      gaps += 1;
      deafSince ??= clock() - slackMs;
    } else if (!stopped.signal.aborted) reading ??= readMissed().finally(() => (reading = undefined));
  });
  const subscription = bus.subscribe(subjects.anyUsage, hear);
  return {
    hearAgain: (since) => bus.readStream({ stream: streams.usage, since, handle: hear }),
    close: async () => {
      stopped.abort();
      await subscription.close();
    },
  };
}
