/** How made-up keys are used when nothing is wrong with them. */
import type { Random } from './random.ts';
import type { World } from './synthetic-world.ts';

export const keyKinds = [
  'office hours',
  'round the clock',
  'nightly batch',
  'Monday peak',
  'sparse bursts',
  'growing',
  'brand new',
  'holiday',
  'month-end job',
  'deploy bursts',
] as const;
export type KeyKind = (typeof keyKinds)[number];

export interface Span {
  /** Hours since 1970. */
  readonly firstHour: number;
  readonly hours: number;
  /** Hours of the series before the month of the test. */
  readonly historyHours: number;
}

export const minutesPerHour = 60;

/** What is drawn once for a key. */
export interface Character {
  readonly kind: KeyKind;
  readonly requestsPerMinute: number;
  readonly tokensPerRequest: number;
  readonly nanoUsdPerToken: number;
  readonly errorShare: number;
  readonly refusalShare: number;
  readonly jobHour: number;
  readonly firstMinute: number;
}

/** Requests that are to be expected in each minute. */
export function makeRates(world: World, span: Span, character: Character, random: Random): Float32Array {
  const rates = new Float32Array(span.hours * minutesPerHour);
  const holiday = Math.floor(span.historyHours / 24) + random.whole(5, 20);
  const missingHour = random.next() < 0.2 ? span.historyHours + random.whole(0, span.hours - span.historyHours - 1) : -1;
  let dayFactor = 1;
  let deviation = 0;
  for (let index = 0; index < span.hours; index += 1) {
    const at = span.firstHour + index;
    if (index % 24 === 0) dayFactor = world.dayNoise(random);
    deviation = world.hourMemory * deviation + world.hourNoise(random);
    const factor = dayFactor * Math.exp(deviation);
    if (index === missingHour) continue;
    const isHoliday = character.kind === 'holiday' && Math.floor(index / 24) === holiday;
    const job = jobIn(character, at, random);
    let local: LocalTime | undefined;
    for (let minute = 0; minute < minutesPerHour; minute += 1) {
      const place = index * minutesPerHour + minute;
      if (place < character.firstMinute) continue;
      if (minute % 30 === 0 || local === undefined) local = localTime(world, at, minute);
      const level = isHoliday ? 0.02 : levelAt(world, character, local, place / (span.hours * minutesPerHour));
      rates[place] = character.requestsPerMinute * (level * factor + job(minute));
    }
  }
  if (character.kind === 'sparse bursts') addSessions(world, span, character, rates, random);
  if (character.kind === 'deploy bursts') addDeployBursts(rates, random);
  return rates;
}

interface LocalTime {
  /** Fraction included. */
  readonly hour: number;
  /** 0 is Monday. */
  readonly weekday: number;
  readonly dayOfMonth: number;
}

function localTime(world: World, at: number, minute: number): LocalTime {
  const local = at + world.offset(at);
  const date = new Date(local * 3_600_000);
  return { hour: (local % 24) + minute / 60, weekday: (date.getUTCDay() + 6) % 7, dayOfMonth: date.getUTCDate() };
}

/** Share of full use. */
function levelAt(world: World, { kind }: Character, { hour, weekday, dayOfMonth }: LocalTime, progress: number): number {
  const office = weekday < 5 ? world.officeDay(hour) : 0.04 * world.officeDay(hour);
  switch (kind) {
    case 'round the clock':
      return 0.8 + 0.2 * Math.sin(((hour - 8) / 24) * 2 * Math.PI);
    case 'nightly batch':
    case 'sparse bursts':
      return 0;
    case 'Monday peak':
      return office * (weekday === 0 ? 4 : 1);
    case 'growing':
      return office * (1 + 4 * progress);
    case 'month-end job':
      return office * (dayOfMonth === 31 ? 4 : 1);
    default:
      return office;
  }
}

/** A job of twenty to forty minutes that begins within a few minutes of its time. */
function jobIn({ kind, jobHour }: Character, at: number, random: Random): (minute: number) => number {
  if (kind !== 'nightly batch' || at % 24 !== jobHour) return () => 0;
  const from = random.whole(0, 8);
  const to = from + random.whole(20, 40);
  const rate = 12 * random.between(0.85, 1.15);
  return (minute) => (minute >= from && minute < to ? rate : 0);
}

function addSessions(world: World, span: Span, { requestsPerMinute }: Character, rates: Float32Array, random: Random): void {
  let local: LocalTime | undefined;
  for (let minute = 0; minute < rates.length; minute += 1) {
    if (minute % 30 === 0 || local === undefined)
      local = localTime(world, span.firstHour + Math.floor(minute / minutesPerHour), minute % minutesPerHour);
    const { hour, weekday } = local;
    const likely = weekday < 5 ? world.officeDay(hour) : 0.1 * world.officeDay(hour);
    if (random.next() >= (likely * 4) / 720) continue;
    const length = Math.round(20 * random.exponential()) + 3;
    const rate = requestsPerMinute * Math.exp(0.7 * random.normal());
    for (let part = minute; part < Math.min(rates.length, minute + length); part += 1) rates[part] = (rates[part] ?? 0) + rate;
  }
}

/** Twice the usual for a quarter of an hour, a few times a week: nothing to tell anybody about. */
function addDeployBursts(rates: Float32Array, random: Random): void {
  for (let minute = 0; minute < rates.length; minute += random.whole(1_000, 5_000)) {
    for (let part = minute; part < Math.min(rates.length, minute + 15); part += 1) rates[part] = 2 * (rates[part] ?? 0);
  }
}

export function isDayKey(kind: KeyKind): boolean {
  return kind === 'office hours' || kind === 'Monday peak' || kind === 'holiday' || kind === 'deploy bursts' || kind === 'month-end job';
}

/** Requests a minute of the key when it is in use. */
export function usualRate({ kind, requestsPerMinute }: Character): number {
  return requestsPerMinute * (kind === 'nightly batch' ? 12 : 0.7);
}
