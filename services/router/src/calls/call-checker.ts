import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { takeLock, type Bus, type EventPublisher, type UnsequencedEvent } from '@sluice/bus';
import { ledgerCalls, subjects, usageEventTypes, type ProviderAttempt, type UsageSettled } from '@sluice/contracts';
import type { Logger } from 'pino';
import { type CallJournal, endsWithinMs, lockName, segmentNames } from './call-journal.ts';
import { callName, type JournalledCall, type JournalledEnd, keepEnds, readCalls, readEnds, readTold, writeTold } from './journal-lines.ts';

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
/** A folder without a file is left alone for so long. */
const makingMs = 60_000;
/** A file with calls of requests that have no end yet is asked for again after this share of the time since it was due. */
const askAgainShare = 0.125;
/** A request that has no end in the ledger so long after its deadline never had an intent either: its call is all that is known of it. */
const orphanMs = 3_600_000;

/** What the ledger does not tell of, of the calls of one file. */
interface Finding {
  readonly path: string;
  /** By their names. It will not tell of these, and was not told of them. */
  readonly untold: ReadonlyMap<string, JournalledCall>;
  /** Their requests have no end yet. */
  readonly open: ReadonlySet<string>;
  /** Epoch ms at which it is asked for again, for their sake. */
  readonly askAgainAt: number;
}

/**
 * Holds the calls of the journal against the ledger, once their requests must have ended, and publishes those that it does not tell of: their
 * answers were lost on the way. Off every request's way: one question for hundreds of calls.
 */
export class CallChecker {
  readonly #parts: CheckerParts;
  readonly #timer: NodeJS.Timeout;
  /** Calls that were given to the publisher, and are not in its stream or spool for certain. */
  readonly #given = new Set<string>();
  /** When files with open calls are asked for again. Such a file has the ends of those calls in it. */
  readonly #again = new Map<string, number>();
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
    await this.#checkFiles(
      journal.due(clock()),
      () => journal.files(),
      (path) => {
        journal.delete(path);
      },
    );
    await this.#checkEnded();
    // Another router may have finished with a journal meanwhile.
    for (const path of this.#again.keys()) if (!existsSync(path)) this.#again.delete(path);
  }

  /** Journals of routers that have ended: theirs is the lock no more. */
  async #checkEnded(): Promise<void> {
    const { directory, instance, clock } = this.#parts;
    for (const name of readdirSync(directory)) {
      const folder = join(directory, name);
      if (this.#stopped) return;
      if (name === instance || !existsSync(join(folder, lockName)) || isInTheMaking(folder, clock())) continue;
      const unlock = takeLock(join(folder, lockName));
      if (unlock === undefined) continue;
      try {
        const paths = () => segmentNames(folder).map((file) => join(folder, file));
        await this.#checkFiles(paths(), paths, rmSync);
        if (paths().length === 0) rmSync(folder, { recursive: true, force: true });
      } finally {
        unlock();
      }
    }
  }

  /**
   * Tells the ledger of what it does not know, and removes each file of which it knows all calls then.
   * @param all files of the journal, in which ends of these calls may be
   */
  async #checkFiles(due: readonly string[], all: () => readonly string[], remove: (path: string) => void): Promise<void> {
    const findings: Finding[] = [];
    for (const path of due) {
      if (this.#stopped) return;
      const isAskedLater = (this.#again.get(path) ?? 0) > this.#parts.clock();
      const finding = isAskedLater ? undefined : await this.#look(path);
      if (finding !== undefined) findings.push(finding);
    }
    const wanted = new Set(findings.flatMap(({ path, untold, open }) => [...untold.keys(), ...(this.#again.has(path) ? [] : open)]));
    const ends = wanted.size === 0 ? new Map<string, JournalledEnd>() : await readEnds(all(), wanted);
    for (const finding of findings) {
      const { path, open, askAgainAt } = finding;
      await this.#tell(finding, ends);
      if (open.size === 0) {
        remove(path);
        this.#again.delete(path);
        continue;
      }
      // Files behind it go before it does, and the ends of its calls with them.
      const kept = this.#again.has(path) ? [] : [...open];
      keepEnds(
        path,
        kept.flatMap((name) => ends.get(name) ?? []),
      );
      this.#again.set(path, askAgainAt);
    }
  }

  /** Asks the ledger of a file's calls; undefined where one of their requests may be under way. */
  async #look(path: string): Promise<Finding | undefined> {
    const calls = await readCalls(path);
    const now = this.#parts.clock();
    const dueAt = calls.reduce((latest, { deadline }) => Math.max(latest, deadline + endsWithinMs), 0);
    if (dueAt > now) return undefined;
    const untold = new Map<string, JournalledCall>();
    const open = new Set<string>();
    for (let from = 0; from < calls.length; from += pageCalls) {
      const page = calls.slice(from, from + pageCalls);
      for (const [index, state] of (await this.#ask(page)).entries()) {
        const call = page[index];
        if (call === undefined || state === 'told') continue;
        const name = callName(call.subject.requestId, call.attempt);
        if (state === 'missing' || now - call.deadline > orphanMs) untold.set(name, call);
        else open.add(name);
      }
    }
    if (untold.size > 0) for (const name of await readTold(path)) untold.delete(name);
    return { path, untold, open, askAgainAt: now + (now - dueAt) * askAgainShare };
  }

  /** Publishes calls, each once: billing may not have read yet what it was told of a moment ago, here or by the router before. */
  async #tell({ path, untold }: Finding, ends: ReadonlyMap<string, JournalledEnd>): Promise<void> {
    if (untold.size === 0) return;
    const { events, log } = this.#parts;
    for (const [name, call] of untold) {
      if (this.#given.has(name)) continue;
      const { organization, team } = call.subject;
      events.publish(subjects.usage(organization, team), supplementOf(call, ends.get(name)?.attempt));
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

/** Its router may not have its lock yet, and must find it when it has. */
function isInTheMaking(folder: string, now: number): boolean {
  return segmentNames(folder).length === 0 && now - statSync(folder).mtimeMs < makingMs;
}
