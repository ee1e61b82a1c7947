import { bucketCount, featuresPerToken } from '../src/detectors/injection/features.ts';
import { evidenceTokens, WindowScorer, windowTokens } from '../src/detectors/injection/window-scorer.ts';
import { familyOf } from './read-rows.ts';
import { rules } from '../src/detectors/injection/rules.ts';
import type { InjectionWeights } from '../src/detectors/injection/window-scorer.ts';
import type { Example } from './prepare.ts';

/** Passes over the rows, step of AdaGrad, and L2 decay of weights and of rules: chosen by holding out families of sources. */
const epochs = 6;
const rate = 0.1;
const decay = 1e-5;
const ruleDecay = 1e-3;
/** A feature is learned when it occurs in this many texts of this many families. */
const minFamilies = 3;
const minTexts = 8;
const maxOpeningTokens = 4;
const openingShare = 0.5;

interface Window {
  readonly example: Example;
  readonly from: number;
  readonly to: number;
  readonly scale: number;
  readonly target: number;
  readonly importance: number;
}

interface State {
  readonly weights: Float32Array;
  readonly squares: Float32Array;
  readonly rules: Float64Array;
  readonly ruleSquares: Float64Array;
  readonly biases: Float64Array;
  readonly known: Uint8Array;
}

/** Logistic regression by AdaGrad; long attack texts teach through their most suspicious window only (multiple-instance learning). */
export function trainWeights(examples: readonly Example[]): InjectionWeights {
  const state: State = {
    weights: new Float32Array(bucketCount),
    squares: new Float32Array(bucketCount).fill(1e-3),
    rules: new Float64Array(rules.length),
    ruleSquares: new Float64Array(rules.length).fill(1e-3),
    biases: new Float64Array(windowTokens.length),
    known: knownFeatures(examples),
  };
  const familyWeight = balance(examples);
  const random = createRandom(7);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const scorer = new WindowScorer(toWeights(state));
    const windows = examples.flatMap((example, index) => [
      ...windowsOf(example, scorer, familyWeight(example)),
      ...openingOf(example, index, familyWeight(example)),
    ]);
    shuffle(windows, random);
    for (const window of windows) learn(state, window, rate / (1 + epoch * 0.3));
  }
  return toWeights(state);
}

/** Families of sources count by the root of their size, attacks as a whole half as much as benign texts. */
function balance(examples: readonly Example[]): (example: Example) => number {
  const sizes = new Map<string, number>();
  for (const example of examples) sizes.set(familyOf(example.source), (sizes.get(familyOf(example.source)) ?? 0) + 1);
  return (example) => Math.min(3, Math.sqrt(400 / (sizes.get(familyOf(example.source)) ?? 1)));
}

/** Features seen in several texts of several families; the others would only learn a source by heart. */
function knownFeatures(examples: readonly Example[]): Uint8Array {
  const families = new Map<string, number>();
  const texts = new Uint16Array(bucketCount);
  const lastText = new Int32Array(bucketCount).fill(-1);
  const masks = [new Uint32Array(bucketCount), new Uint32Array(bucketCount)];
  examples.forEach((example, index) => {
    const family = familyOf(example.source);
    if (!families.has(family)) families.set(family, families.size);
    const number = families.get(family) ?? 0;
    const mask = masks[number >> 5];
    for (const bucket of example.buffer.buckets) {
      if (lastText[bucket] === index) continue;
      lastText[bucket] = index;
      texts[bucket] = (texts[bucket] ?? 0) + 1;
      if (mask !== undefined) mask[bucket] = (mask[bucket] ?? 0) | (1 << (number & 31));
    }
  });
  return Uint8Array.from(texts, (count, bucket) => {
    const seen = masks.reduce((sum, mask) => sum + bits(mask[bucket] ?? 0), 0);
    return count >= minTexts && seen >= minFamilies ? 1 : 0;
  });
}

function bits(value: number): number {
  let count = 0;
  for (let rest = value; rest !== 0; rest = (rest & (rest - 1)) >>> 0) count++;
  return count;
}

function windowsOf(example: Example, scorer: WindowScorer, importance: number): Window[] {
  const { tokens, attack } = example;
  const top = windowTokens.length - 1;
  if (tokens <= windowTokens[0]) return [{ example, from: 0, to: tokens, scale: top, target: attack ? 1 : 0, importance }];
  if (attack) {
    const best = scorer.best(example.buffer, tokens, example.hits);
    const size = best.to - best.from;
    const windows: Window[] = [{ example, from: best.from, to: best.to, scale: size > windowTokens[0] ? top : 0, target: 1, importance }];
    if (tokens <= (windowTokens[top] ?? 0))
      windows.push({ example, from: 0, to: tokens, scale: top, target: 1, importance: importance * 0.5 });
    return windows;
  }
  return windowTokens.flatMap((size, scale) => {
    const windows: Window[] = [];
    if (scale < top && tokens <= size) return windows;
    for (let from = 0; from === 0 || from + size / 2 < tokens; from += size / 2)
      windows.push({ example, from, to: Math.min(tokens, from + size), scale, target: 0, importance });
    return windows.map((window) => ({ ...window, importance: importance * Math.min(1, 3 / windows.length) }));
  });
}

/** The first word or two of any text, attacks too, is not an attack: teaches the model what little a greeting says. */
function openingOf(example: Example, index: number, importance: number): Window[] {
  const to = 1 + (index % maxOpeningTokens);
  if (example.tokens <= maxOpeningTokens * 3 || rulesIn(example, 0, to).length > 0) return [];
  return [{ example, from: 0, to, scale: windowTokens.length - 1, target: 0, importance: importance * openingShare }];
}

function learn(state: State, window: Window, step: number): void {
  const { example, from, to, scale } = window;
  const { buckets } = example.buffer;
  const norm = 1 / Math.sqrt(Math.max(evidenceTokens, to - from));
  const start = from * featuresPerToken;
  const end = to * featuresPerToken;
  let sum = 0;
  for (let at = start; at < end; at++) sum += state.weights[buckets[at] ?? 0] ?? 0;
  const fired = rulesIn(example, from, to);
  const logit = (state.biases[scale] ?? 0) + sum * norm + fired.reduce((total, rule) => total + (state.rules[rule] ?? 0), 0);
  const gradient = (1 / (1 + Math.exp(-logit)) - window.target) * window.importance;
  state.biases[scale] = (state.biases[scale] ?? 0) - 0.02 * step * gradient;
  for (const rule of fired) {
    const slope = gradient + ruleDecay * (state.rules[rule] ?? 0);
    const squares = (state.ruleSquares[rule] ?? 0) + slope * slope;
    state.ruleSquares[rule] = squares;
    state.rules[rule] = (state.rules[rule] ?? 0) - (step * slope) / Math.sqrt(squares);
  }
  if (Math.abs(gradient) < 1e-3) return;
  for (let at = start; at < end; at++) {
    const bucket = buckets[at] ?? 0;
    if (state.known[bucket] === 0) continue;
    const weight = state.weights[bucket] ?? 0;
    const slope = gradient * norm + decay * weight;
    const squares = (state.squares[bucket] ?? 0) + slope * slope;
    state.squares[bucket] = squares;
    state.weights[bucket] = weight - (step * slope) / Math.sqrt(squares);
  }
}

function rulesIn(example: Example, from: number, to: number): number[] {
  const start = example.buffer.starts[from] ?? 0;
  const end = to < example.tokens ? (example.buffer.starts[to] ?? 0) : Number.POSITIVE_INFINITY;
  return [...new Set(example.hits.filter((hit) => hit.end > start && hit.start < end).map((hit) => hit.rule))];
}

function toWeights(state: State): InjectionWeights {
  return { features: state.weights as unknown as Int8Array, step: 1, biases: [...state.biases], rules: [...state.rules] }; // same indexing; quantised at the end
}

/** One signed byte a weight; the largest one in a thousand is clipped. */
export function quantise(weights: InjectionWeights): InjectionWeights {
  const magnitudes = Float32Array.from(weights.features, Math.abs)
    .filter((value) => value > 0)
    .sort();
  const step = Math.max(1e-6, magnitudes[Math.floor(magnitudes.length * 0.999)] ?? 0) / 127;
  return {
    ...weights,
    step,
    features: Int8Array.from(weights.features, (value) => Math.max(-127, Math.min(127, Math.round(value / step)))),
  };
}

function shuffle(items: Window[], random: () => number): void {
  for (let index = items.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    const here = items[index];
    const there = items[other];
    if (here === undefined || there === undefined) continue;
    items[index] = there;
    items[other] = here;
  }
}

/** mulberry32: small, seeded, the same everywhere. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
}
