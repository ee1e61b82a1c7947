/** What is planted into made-up keys for the watch to find. */
import { isDayKey, minutesPerHour, usualRate, type Character, type Span } from './key-rates.ts';
import type { Random } from './random.ts';

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

const tries = 400;
/** Only what matters is planted: excess of tokens, or of errors and refusals, well above the documented minimum. */
const smallestExcess = { tokens: 200_000, nanoUsd: 2e9, requests: 25 };
const activeShare = 0.4;

/** Somewhere in the month of the test where it can be told from what is usual; undefined: nowhere. */
export function plant(span: Span, character: Character, rates: Float32Array, random: Random): Planted | undefined {
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

/** What a planted anomaly does to a minute. */
interface Effect {
  readonly factor: number;
  readonly added: number;
  readonly size: number;
  readonly price: number;
  readonly errorShare?: number;
  readonly refusalShare?: number;
}
const none: Effect = { factor: 1, added: 0, size: 1, price: 1 };

export function effectAt(planted: Planted | undefined, minute: number, usual: number): Effect {
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
