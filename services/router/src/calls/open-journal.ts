import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Bus, Closable } from '@sluice/bus';
import type { Logger } from 'pino';
import { CallChecker } from './call-checker.ts';
import { CallJournal } from './call-journal.ts';

export interface JournalSurroundings {
  readonly settings: {
    readonly SLUICE_DATA_DIR: string;
    readonly SLUICE_SPOOL_DIR?: string | undefined;
    readonly SLUICE_SPOOL_MAX_BYTES: number;
  };
  readonly bus: Pick<Bus, 'instance' | 'request' | 'createEventPublisher'>;
  readonly clock: () => number;
  readonly log: Logger;
  readonly onClose: (closer: string, close: Closable) => void;
}

/** The journal of this process's calls, beside the spool of its events, and what holds it against the ledger; undefined where nothing is spooled. */
export async function openJournal({ settings, bus, clock, log, onClose }: JournalSurroundings): Promise<CallJournal | undefined> {
  const spool = settings.SLUICE_SPOOL_DIR ?? join(settings.SLUICE_DATA_DIR, 'spool');
  if (spool === 'off') return undefined;
  const directory = join(spool, 'router-calls');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { instance } = bus;
  const journal = new CallJournal({ directory, instance, maxBytes: settings.SLUICE_SPOOL_MAX_BYTES }, clock, log);
  const checker = new CallChecker({ journal, directory, instance, bus, events: await bus.createEventPublisher('router'), clock, log });
  onClose('journal of calls', {
    close: async () => {
      await checker.close();
      journal.close();
    },
  });
  return journal;
}
