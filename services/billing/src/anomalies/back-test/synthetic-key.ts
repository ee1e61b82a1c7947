/** Made-up keys, minute by minute, with what was planted into them. */
import { Random } from './random.ts';
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

export const plantedKinds = [
  'leaked key, 10 x',
  'leaked key, 3 x',
  'runaway agent, 20 x tokens a request',
  'dearer model, 8 x cost',
  'error storm, 50 %',
  'refusal storm, 50 %',
  'slow ramp to 8 x in 6 h',
  'use of a day key at night',
  'spike of 2 minutes, 30 x',
] as const;
export type PlantedKind = (typeof plantedKinds)[number];

export interface Planted {
  readonly kind: PlantedKind;
  /** Minutes from the start of the series; the last one is part of it. */
  readonly from: number;
  readonly to: number;
}

export interface Span {
  /** Hours since 1970. */
  readonly firstHour: number;
  readonly hours: number;
  /** Hours of the series before the month of the test. */
  readonly historyHours: number;
}

export interface SyntheticKey {
  readonly kind: KeyKind;
  readonly planted: Planted | undefined;
  readonly requests: Float32Array;
  readonly tokens: Float32Array;
  readonly costNanoUsd: Float32Array;
  readonly errors: Float32Array;
  readonly refusals: Float32Array;
}

const minutesPerHour = 60;
const tries = 400;
/** Only what matters is planted: excess of tokens, or of errors and refusals, well above the documented minimum. */
const smallestExcess = { tokens: 200_000, nanoUsd: 2e9, requests: 25 };

interface Character {
  readonly kind: KeyKind;
  readonly requestsPerMinute: number;
  readonly tokensPerRequest: number;
  readonly nanoUsdPerToken: number;
  readonly errorShare: number;
  readonly refusalShare: number;
  readonly jobHour: number;
  readonly firstMinute: number;
}

/** The key with this number, always the same. `planting`: share of keys into which something is planted. */
export function makeKey(world: World, span: Span, number: number, planting: number): SyntheticKey {
  const random = new Random(world.seed * 7_919 + number * 104_729);
  for (let warm = 0; warm < 4; warm += 1) random.next();
  const kind = keyKinds[number % keyKinds.length] ?? 'office hours';
  const character: Character = {
    kind,
    requestsPerMinute: Math.exp(Math.log(4) + random.normal()),
    tokensPerRequest: Math.exp(Math.log(1_800) + 0.8 * random.normal()),
    nanoUsdPerToken: Math.exp(Math.log(2_500) + random.normal()),
    errorShare: 0.002 + 0.015 * random.exponential(),
    refusalShare: random.next() < 0.5 ? 0 : 0.01 * random.exponential(),
    jobHour: random.whole(0, 5),
    firstMinute: kind === 'brand new' ? (span.historyHours + random.whole(24, 480)) * minutesPerHour : 0,
  };
  const rates = makeRates(world, span, character, random);
  const planted = random.next() < planting ? plant(span, character, rates, random) : undefined;
  return { kind, planted, ...makeMinutes(world, character, rates, planted, random) };
}

/** Requests that are to be expected in each minute. */
function makeRates(world: World, span: Span, character: Character, random: Random): Float32Array {
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

const activeShare = 0.4;

function plant(span: Span, character: Character, rates: Float32Array, random: Random): Planted | undefined {
  const offset = random.whole(0, plantedKinds.length - 1);
  for (let turn = 0; turn < plantedKinds.length; turn += 1) {
    const kind = plantedKinds[(offset + turn) % plantedKinds.length] ?? plantedKinds[0];
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const length = lengthOf(kind, random);
      const earliest = Math.max(span.historyHours * minutesPerHour, character.firstMinute + 5 * 1_440);
      const from = random.whole(earliest, rates.length - length - 121);
      const planted = { kind, from, to: from + length - 1 };
      if (from >= earliest && fits(planted, character, rates)) return planted;
    }
  }
  return undefined;
}

function lengthOf(kind: PlantedKind, random: Random): number {
  switch (kind) {
    case 'leaked key, 10 x':
      return random.whole(60, 480);
    case 'leaked key, 3 x':
      return random.whole(240, 720);
    case 'runaway agent, 20 x tokens a request':
      return random.whole(30, 180);
    case 'dearer model, 8 x cost':
      return random.whole(240, 720);
    case 'slow ramp to 8 x in 6 h':
      return 480;
    case 'use of a day key at night':
      return random.whole(90, 240);
    case 'spike of 2 minutes, 30 x':
      return 2;
    default:
      return random.whole(20, 60);
  }
}

/** Multiplying what is not there would be no anomaly: most kinds need a key in use, use at night one that is not. */
function fits({ kind, from, to }: Planted, character: Character, rates: Float32Array): boolean {
  const usual = usualRate(character);
  let sum = 0;
  for (let minute = from; minute <= to; minute += 1) sum += rates[minute] ?? 0;
  const mean = sum / (to - from + 1);
  if (kind === 'use of a day key at night')
    return isDayKey(character.kind) && mean < 0.05 * usual && usual * (to - from) * character.tokensPerRequest > smallestExcess.tokens;
  if (kind === 'leaked key, 10 x') return 9 * usual * (to - from) * character.tokensPerRequest > smallestExcess.tokens;
  if (kind === 'spike of 2 minutes, 30 x') return 2 * 29 * usual * character.tokensPerRequest > smallestExcess.tokens;
  if (mean < activeShare * usual) return false;
  if (kind === 'error storm, 50 %' || kind === 'refusal storm, 50 %') return sum * 0.5 > smallestExcess.requests;
  if (kind === 'dearer model, 8 x cost') return 7 * sum * character.tokensPerRequest * character.nanoUsdPerToken > smallestExcess.nanoUsd;
  return 2 * sum * character.tokensPerRequest > smallestExcess.tokens;
}

function isDayKey(kind: KeyKind): boolean {
  return kind === 'office hours' || kind === 'Monday peak' || kind === 'holiday' || kind === 'deploy bursts' || kind === 'month-end job';
}

/** Requests a minute of the key when it is in use. */
function usualRate({ kind, requestsPerMinute }: Character): number {
  return requestsPerMinute * (kind === 'nightly batch' ? 12 : 0.7);
}

function makeMinutes(world: World, character: Character, rates: Float32Array, planted: Planted | undefined, random: Random) {
  const series = () => new Float32Array(rates.length);
  const made = { requests: series(), tokens: series(), costNanoUsd: series(), errors: series(), refusals: series() };
  for (let minute = 0; minute < rates.length; minute += 1) {
    const effect = effectAt(planted, minute, usualRate(character));
    const usual = rates[minute] ?? 0;
    if (usual === 0 && effect.added === 0) continue;
    const requests = random.poisson(usual * world.minuteNoise(random) * effect.factor + effect.added);
    if (requests === 0) continue;
    const refusals = random.binomial(requests, effect.refusalShare ?? character.refusalShare);
    const errors = random.binomial(requests - refusals, effect.errorShare ?? character.errorShare);
    const tokens = character.tokensPerRequest * effect.size * sizesOf(world, requests - refusals - errors, random);
    made.requests[minute] = requests;
    made.refusals[minute] = refusals;
    made.errors[minute] = errors;
    made.tokens[minute] = tokens;
    made.costNanoUsd[minute] = tokens * character.nanoUsdPerToken * effect.price * world.priceNoise(random);
  }
  return made;
}

function sizesOf(world: World, requests: number, random: Random): number {
  if (requests > 40) return Math.max(0, requests + world.sizeDeviation * Math.sqrt(requests) * random.normal());
  let sum = 0;
  for (let request = 0; request < requests; request += 1) sum += world.requestSize(random);
  return sum;
}

interface Effect {
  readonly factor: number;
  readonly added: number;
  readonly size: number;
  readonly price: number;
  readonly errorShare?: number;
  readonly refusalShare?: number;
}
const none: Effect = { factor: 1, added: 0, size: 1, price: 1 };

function effectAt(planted: Planted | undefined, minute: number, usual: number): Effect {
  if (planted === undefined || minute < planted.from || minute > planted.to) return none;
  switch (planted.kind) {
    case 'leaked key, 10 x':
      return { ...none, added: 9 * usual };
    case 'leaked key, 3 x':
      return { ...none, added: 2 * usual };
    case 'runaway agent, 20 x tokens a request':
      return { ...none, size: 20 };
    case 'dearer model, 8 x cost':
      return { ...none, price: 8 };
    case 'error storm, 50 %':
      return { ...none, errorShare: 0.5 };
    case 'refusal storm, 50 %':
      return { ...none, refusalShare: 0.5 };
    case 'slow ramp to 8 x in 6 h':
      return { ...none, factor: 1 + 7 * Math.min(1, (minute - planted.from) / 360) };
    case 'use of a day key at night':
      return { ...none, added: usual };
    case 'spike of 2 minutes, 30 x':
      return { ...none, added: 29 * usual };
  }
}
