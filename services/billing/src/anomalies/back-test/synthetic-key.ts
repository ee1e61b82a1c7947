/** Made-up keys, minute by minute, with what was planted into them. */
import { keyKinds, makeRates, minutesPerHour, usualRate, type Character, type KeyKind, type Span } from './key-rates.ts';
import { effectAt, plant, type Planted } from './planted-anomaly.ts';
import { Random } from './random.ts';
import type { World } from './synthetic-world.ts';

export interface SyntheticKey {
  readonly kind: KeyKind;
  readonly planted: Planted | undefined;
  readonly requests: Float32Array;
  readonly tokens: Float32Array;
  readonly costNanoUsd: Float32Array;
  readonly errors: Float32Array;
  readonly refusals: Float32Array;
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
