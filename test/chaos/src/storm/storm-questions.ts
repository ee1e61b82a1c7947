import { seededRandom, type SeededRandom } from './seeded-random.ts';
import type { StormOptions } from './storm-options.ts';
import type { VirtualKey } from './virtual-keys.ts';

/** One request of a client, all of which follows from the seed and its number. */
export interface Question {
  readonly index: number;
  readonly key: VirtualKey;
  readonly text: string;
  /** The one right answer. */
  readonly answer: string;
  readonly streamed: boolean;
  /** Sent again under one `idempotency-key` where it failed. */
  readonly repeats: boolean;
  /** The client hangs up after this long. */
  readonly leaveAfterMs: number | undefined;
  readonly maxTokens: number;
  /** Script of the simulated provider. */
  readonly script: Readonly<Record<string, string>>;
}

/** Header that ties a call of the provider to its question. */
const questionHeader = 'x-sim-key';

/** Who asks a question. */
export function keyOf(index: number, options: StormOptions, keys: readonly VirtualKey[]): VirtualKey {
  const key = keys[Math.floor(randomOf(index, options).next() * keys.length)];
  if (key === undefined) throw new Error('no keys');
  return key;
}

function randomOf(index: number, { seed }: StormOptions): SeededRandom {
  return seededRandom(seed ^ Math.imul(index + 1, 0x9e3779b1));
}

export function questionOf(index: number, options: StormOptions, keys: readonly VirtualKey[]): Question {
  const key = keyOf(index, options, keys);
  const { seed } = options;
  const random = randomOf(index, options);
  random.next(); // told the key
  const streamed = random.chance(0.5);
  const slow = random.chance(0.03);
  const outputTokens = random.between(24, 60);
  const text = `Which page has entry ${index} of book ${seed}?`;
  return {
    index,
    key,
    text,
    answer: answerTo(text, outputTokens),
    streamed,
    repeats: random.chance(0.1),
    leaveAfterMs: random.chance(0.04) ? random.between(5, slow ? 2_000 : 120) : undefined,
    maxTokens: 64,
    script: {
      [questionHeader]: `q${index}`,
      'x-sim-latency-ms': String(slow ? random.between(500, 3_000) : random.between(10, 60)),
      'x-sim-output-tokens': String(outputTokens),
      ...(streamed && random.chance(0.3) ? { 'x-sim-chunk-delay-ms': String(random.between(1, 15)) } : {}),
      ...(random.chance(0.03) ? { 'x-sim-status': '500;first=1' } : {}),
    },
  };
}

/** What the simulated provider says: a sentence, filled up to its tokens of four characters each. */
function answerTo(text: string, tokens: number): string {
  const sentence = `The simulated model sim was asked: ${text}`;
  return `${sentence}${' sim'.repeat(Math.max(0, tokens - Math.ceil(sentence.length / 4)))}`.slice(0, tokens * 4);
}
