import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { takeLock, type Bus, type EventPublisher, type UnsequencedEvent } from '@sluice/bus';
import { ledgerCalls, subjects, usageEventTypes, type ProviderAttempt, type UsageSettled } from '@sluice/contracts';
import type { Logger } from 'pino';
import { type CallJournal, type JournalledCall, lockName, segmentNames } from './call-journal.ts';
import { callName, readCalls, readEnds, readTold, writeTold } from './read-journal.ts';

export interface CheckerParts {
  readonly journal: CallJournal;
  /** Of the journals of all routers of this host. */
  readonly directory: string;
  readonly instance: string;
  readonly bus: Pick<Bus, 'request'>;
  readonly events: Pick<EventPublisher, 'publish' | 'flush'>;
  readonly clock: () => number;
  readonly log: Logger;
}

/** How often files that are due are looked for, and journals of ended routers. */
const intervalMs = 2_000;
/** Calls of one question; the ledger answers up to a thousand. */
const pageCalls = 500;
const askTimeoutMs = 10_000;
const storeTimeoutMs = 10_000;
/** A request that has no end in the ledger so long after its deadline never had an intent either: its call is all that is known of it. */
const orphanMs = 3_600_000;

/**
 * Holds the calls of the journal against the ledger, once their requests must have ended, and publishes those that it does not tell of: their
 * answers were lost on the way. Off every request's way: one question for hundreds of calls.
 */
export class CallChecker {
  readonly #parts: CheckerParts;
  readonly #timer: NodeJS.Timeout;
  /** Calls that were given to the publisher, and are not in its stream or spool for certain. */
  readonly #given = new Set<string>();
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(parts: CheckerParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => {
      this.#running ??= this.check()
        .catch((error: unknown) => {
          parts.log.warn({ err: error }, 'calls could not be held against the ledger; they are tried again');
        })
        .finally(() => (this.#running = undefined));
    }, intervalMs).unref();
  }

  async close(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#running;
  }

  /** One round over everything that is due. */
  async check(): Promise<void> {
    const { journal, clock } = this.#parts;
    for (const path of journal.due(clock())) {
      if (this.#stopped) return;
      if (await this.#isTold(path, () => journal.files())) journal.delete(path);
    }
    await this.#checkEnded();
  }

  /** Journals of routers that have ended: theirs is the lock no more. */
  async #checkEnded(): Promise<void> {
    const { directory, instance } = this.#parts;
    for (const name of readdirSync(directory)) {
      const folder = join(directory, name);
      if (this.#stopped) return;
      if (name === instance || !existsSync(join(folder, lockName))) continue;
      const unlock = takeLock(join(folder, lockName));
      if (unlock === undefined) continue;
      try {
        const paths = () => segmentNames(folder).map((file) => join(folder, file));
        for (const path of paths()) if (await this.#isTold(path, paths)) rmSync(path);
        if (paths().length === 0) rmSync(folder, { recursive: true, force: true });
      } finally {
        unlock();
      }
    }
  }

  /** Whether the ledger tells of all calls of a file now, or will: what it does not is published. */
  async #isTold(path: string, allPaths: () => readonly string[]): Promise<boolean> {
    const calls = readCalls(path);
    const now = this.#parts.clock();
    if (calls.some(({ deadline }) => deadline > now)) return false;
    const missing: JournalledCall[] = [];
    let open = false;
    for (let from = 0; from < calls.length; from += pageCalls) {
      const page = calls.slice(from, from + pageCalls);
      for (const [index, state] of (await this.#ask(page)).entries()) {
        const call = page[index];
        if (call === undefined || state === 'told') continue;
        if (state === 'missing' || now - call.deadline > orphanMs) missing.push(call);
        else open = true;
      }
    }
    await this.#tell(path, missing, allPaths);
    return !open;
  }

  /** Publishes calls, each once: billing may not have read yet what it was told of a moment ago, here or by the router before. */
  async #tell(path: string, missing: readonly JournalledCall[], allPaths: () => readonly string[]): Promise<void> {
    const { events, log } = this.#parts;
    const told = missing.length === 0 ? undefined : readTold(path);
    const untold = new Map(
      missing
        .map((call) => [callName(call.subject.requestId, call.attempt.id), call] as const)
        .filter(([name]) => told?.has(name) !== true),
    );
    if (untold.size === 0) return;
    const ends = readEnds(allPaths(), new Set(untold.keys()));
    for (const [name, call] of untold) {
      if (this.#given.has(name)) continue;
      const { organization, team } = call.subject;
      events.publish(subjects.usage(organization, team), supplementOf(call, ends.get(name)));
      this.#given.add(name);
    }
    await events.flush(storeTimeoutMs);
    writeTold(path, [...untold.keys()]);
    for (const name of untold.keys()) this.#given.delete(name);
    log.warn({ calls: untold.size }, 'provider calls whose answers were lost; the ledger is told of them');
  }

  async #ask(calls: readonly JournalledCall[]): Promise<readonly ('told' | 'missing' | 'open')[]> {
    const asked = calls.map(({ subject, attempt }) => ({ requestId: subject.requestId, attempt: attempt.id ?? '-' }));
    return (await this.#parts.bus.request(ledgerCalls.findCalls, { calls: asked }, { timeoutMs: askTimeoutMs })).states;
  }
}

function supplementOf({ subject, attempt: begun }: JournalledCall, ended: ProviderAttempt | undefined): UnsequencedEvent {
  const attempt = ended ?? begun;
  const { requestId, organization, team, keyId } = subject;
  const data: UsageSettled = {
    ...subject,
    outcome: 'failed',
    status: 504,
    errorCode: 'provider_error',
    provider: attempt.provider,
    modelUsed: attempt.model,
    attempts: [attempt],
    usage: attempt.usage ?? { input: 0, output: 0 },
    costNanoUsd: attempt.costNanoUsd ?? '0',
    ...(attempt.priceVersion === undefined ? {} : { priceVersion: attempt.priceVersion }),
    cache: 'bypass',
    guards: [],
    latencyMs: attempt.latencyMs,
    admitted: true,
  };
  const id = `${requestId}:call-${attempt.id ?? ''}`;
  return { id, type: usageEventTypes.supplement, subject: `${organization}/${team}/${keyId}`, data };
}
