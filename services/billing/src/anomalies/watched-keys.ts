import type { KeyMinute, KeyOwner } from './anomaly-rows.ts';
import type { AnomalyStore, Findings } from './anomaly-store.ts';
import { longestWindow, minuteMs, minutesPerHour } from './key-minute.ts';
import { peakCount, type HourFacts, type KeyNews } from './key-news.ts';
import { KeyWatch } from './key-watch.ts';
import type { Sensitivity } from './sensitivity.ts';

/** Minutes after the end of an hour at which it is learned: late events are in it by then. */
const closingMinutes = 10;
/** Hours of the past from which a key's usual is rebuilt. */
export const rememberedHours = 42 * 24;
/** A key without a request for so long is let go; its hours stay in the database. */
const idleMinutes = 1_440;
/** Keys in memory, of about 60 KB each. Others are not watched, and logged. */
const maxKeys = 5_000;
/** Keys rebuilt at once, so that the ledger in the same process does not wait: some twenty thousand hours. */
const loadedTogether = 20;
/** Minutes of them read at once. */
const filledTogether = 60;

interface WatchedKey {
  readonly owner: KeyOwner;
  readonly watch: KeyWatch;
  /** Newest hour that it has learned. */
  closed: number;
}

export interface WatchedKeysParts {
  readonly store: Pick<AnomalyStore, 'minutes' | 'minutesOf' | 'hoursOf' | 'open'>;
  /** Undefined: the organisation's keys are not watched. */
  readonly sensitivityOf: (organization: string) => Sensitivity | undefined;
  /** Called between keys that are rebuilt: taking over many takes longer than the lease. Throws where another process watches now. */
  readonly keepLease: () => Promise<void>;
}

/** The keys in use, each with what is usual for it. What was learned is in the database, so forgetting one costs only reading it again. */
export class WatchedKeys {
  readonly #parts: WatchedKeysParts;
  readonly #keys = new Map<string, WatchedKey>();
  /** Keys left out because there were too many, in the last round. */
  leftOut = 0;

  constructor(parts: WatchedKeysParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#keys.size;
  }

  find(keyId: string): KeyWatch | undefined {
    return this.#keys.get(keyId)?.watch;
  }

  /**
   * Goes through minutes in order, those before `from` again for what came late: sums in, windows compared, breaks ended, hours learned.
   * @param minutes all keys' rows from before `from` up to `to`, in order
   */
  async advance(minutes: readonly KeyMinute[], from: number, to: number): Promise<Findings> {
    await this.#load(minutes, Math.min(from, minutes[0]?.minute ?? from));
    const findings = {
      hours: [] as Findings['hours'][number][],
      begun: [] as Findings['begun'][number][],
      ended: [] as Findings['ended'][number][],
    };
    let next = 0;
    for (let minute = minutes[0]?.minute ?? from; minute <= to; minute += 1) {
      for (let row = minutes[next]; row?.minute === minute; row = minutes[(next += 1)]) {
        const key = this.#keys.get(row.keyId);
        if (key === undefined) continue;
        key.watch.put(minute, row.sums);
        this.#note(key.owner, key.watch.look(minute), findings);
      }
      if (minute >= from) this.#settle(minute, findings);
      if (minute % minutesPerHour === closingMinutes) this.#closeHour(lastClosedHour(minute), minute, findings);
    }
    return { ...findings, minute: to };
  }

  #note(
    owner: KeyOwner,
    news: readonly KeyNews[],
    findings: { begun: Findings['begun'][number][]; ended: Findings['ended'][number][] },
  ): void {
    for (const one of news) {
      if (one.kind === 'begun') findings.begun.push({ ...owner, news: one });
      else findings.ended.push({ keyId: owner.keyId, family: one.family, minute: one.minute });
    }
  }

  /** Silent keys are looked at too: they have no row that would bring them up. */
  #settle(minute: number, findings: { begun: Findings['begun'][number][]; ended: Findings['ended'][number][] }): void {
    for (const { owner, watch } of this.#keys.values()) {
      if (watch.watchesSilence && watch.newest < minute) this.#note(owner, watch.look(minute), findings);
      if (watch.isBroken) this.#note(owner, watch.settle(minute), findings);
    }
  }

  #closeHour(hour: number, minute: number, { hours }: { hours: Findings['hours'][number][] }): void {
    for (const [keyId, key] of this.#keys) {
      if (key.closed >= hour) continue;
      key.closed = hour;
      const { watch } = key;
      const facts = watch.factsOf(hour);
      watch.learn(facts);
      if (facts.peaks.some((peak) => peak !== 0)) hours.push({ keyId, facts });
      if (watch.newest < minute - idleMinutes && !watch.isBroken) this.#keys.delete(keyId);
    }
  }

  /** Rebuilds keys that came up as they were before `first`. */
  async #load(minutes: readonly KeyMinute[], first: number): Promise<void> {
    const owners = new Map<string, KeyOwner>();
    this.leftOut = 0;
    for (const { keyId, organization, team } of minutes) {
      const known = this.#keys.get(keyId);
      const sensitivity = this.#parts.sensitivityOf(organization);
      if (sensitivity === undefined) {
        this.#keys.delete(keyId);
        continue;
      }
      if (known !== undefined) known.watch.sensitivity = sensitivity;
      else if (owners.has(keyId)) continue;
      else if (this.#keys.size + owners.size < maxKeys) owners.set(keyId, { keyId, organization, team });
      else this.leftOut += 1;
    }
    const missing = [...owners.values()];
    for (let at = 0; at < missing.length; at += loadedTogether) {
      await this.#rebuild(missing.slice(at, at + loadedTogether), first);
      await this.#parts.keepLease();
    }
    if (missing.length > 0) await this.#fill(owners, first);
  }

  /** What is usual for keys, from the hours they learned. */
  async #rebuild(owners: readonly KeyOwner[], first: number): Promise<void> {
    const { store, sensitivityOf } = this.#parts;
    const closed = lastClosedHour(first - 1);
    const keyIds = owners.map(({ keyId }) => keyId);
    const byKey = Map.groupBy(await store.hoursOf(keyIds, closed + 1 - rememberedHours), ({ keyId }) => keyId);
    for (const owner of owners) {
      const sensitivity = sensitivityOf(owner.organization);
      if (sensitivity === undefined) continue;
      const watch = new KeyWatch(sensitivity);
      learnAll(watch, byKey.get(owner.keyId) ?? [], closed);
      this.#keys.set(owner.keyId, { owner, watch, closed });
    }
  }

  /** The minutes before `first` that windows reach back to, and the breaks that are open. */
  async #fill(owners: ReadonlyMap<string, KeyOwner>, first: number): Promise<void> {
    const { store, keepLease } = this.#parts;
    const keyIds = [...owners.keys()];
    for (let from = first - longestWindow - 2 * minutesPerHour; from < first; from += filledTogether) {
      const to = Math.min(first, from + filledTogether) - 1;
      // A statement for some keys reads the minutes of all, so for many it would read them many times.
      const minutes = keyIds.length > loadedTogether ? await store.minutes(from, to) : await store.minutesOf(keyIds, from, to);
      for (const { keyId, minute, sums } of minutes) if (owners.has(keyId)) this.find(keyId)?.put(minute, sums);
      await keepLease();
    }
    for (const { keyId, family, begunMinute, windowMinutes: length, throttledUntil } of await store.open(keyIds)) {
      this.find(keyId)?.restore(family, begunMinute, length, first - 1);
      if (family === 'usage' && throttledUntil !== undefined) this.find(keyId)?.hold(throttledUntil / minuteMs);
    }
  }
}

/** Hours without a row were idle: they are learned as such. */
function learnAll(watch: KeyWatch, hours: readonly { readonly facts: HourFacts }[], lastHour: number): void {
  let hour = hours[0]?.facts.hour;
  if (hour === undefined) return;
  for (const { facts } of hours) {
    if (facts.hour > lastHour) return;
    for (; hour < facts.hour; hour += 1) watch.learn(idleHour(hour));
    watch.learn(facts);
    hour = facts.hour + 1;
  }
  for (; hour <= lastHour; hour += 1) watch.learn(idleHour(hour));
}

function idleHour(hour: number): HourFacts {
  const sums = { requests: 0, tokens: 0, costNanoUsd: 0, errors: 0, refusals: 0 };
  return { hour, sums, peaks: new Float32Array(peakCount), kinds: { usage: 'no', errors: 'no', refusals: 'no' } };
}

/** Newest hour that is learned once this minute was gone through. */
function lastClosedHour(minute: number): number {
  return Math.floor((minute - closingMinutes) / minutesPerHour) - 1;
}
