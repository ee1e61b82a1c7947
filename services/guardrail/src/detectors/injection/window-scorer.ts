import { featuresPerToken } from './features.ts';
import type { TokenBuffer } from './features.ts';
import type { RuleHit } from './rule-matcher.ts';

/** Window sizes in tokens: about a sentence, and about a paragraph. What is shorter is one window. */
export const windowTokens = [40, 160] as const;
/** Window of one size begins this share of its length after the one before. */
const strideShare = 4;
/**
 * A window of fewer tokens counts as one of this many, so that a word or two cannot be evidence enough: `Hello` opens
 * many jailbreaks and is none.
 */
export const evidenceTokens = 16;

/** Weights of the learned part: one byte a hashed feature and one number a rule. */
export interface InjectionWeights {
  /** Signed weights in steps of `step`. */
  readonly features: Int8Array;
  readonly step: number;
  /** Of the window sizes in order. */
  readonly biases: readonly number[];
  /** In the order of `rules`. */
  readonly rules: readonly number[];
}

export interface WindowScore {
  readonly logit: number;
  /** First and last token of the window, the last exclusive. */
  readonly from: number;
  readonly to: number;
}

/**
 * Scores every window of a text in one pass: each token's weights are summed once, and a window is the difference of
 * two prefix sums, so overlap costs nothing. The sum is divided by the root of the window's length, as a logistic
 * regression over L2-normalised counts does.
 */
export class WindowScorer {
  readonly #weights: InjectionWeights;
  #sums: Float64Array;

  constructor(weights: InjectionWeights) {
    this.#weights = weights;
    this.#sums = new Float64Array(1024);
  }

  best(buffer: TokenBuffer, tokens: number, hits: readonly RuleHit[]): WindowScore {
    const sums = this.#prefixSums(buffer, tokens);
    const { step, biases } = this.#weights;
    let best: WindowScore = { logit: Number.NEGATIVE_INFINITY, from: 0, to: 0 };
    windowTokens.forEach((size, scale) => {
      if (scale < windowTokens.length - 1 && tokens <= size) return; // the next size covers it in one window
      const stride = Math.max(1, Math.floor(size / strideShare));
      for (let from = 0; from === 0 || from + size - stride < tokens; from += stride) {
        const to = Math.min(tokens, from + size);
        const sum = ((sums[to] ?? 0) - (sums[from] ?? 0)) * step;
        const logit =
          (biases[scale] ?? 0) +
          sum / Math.sqrt(Math.max(evidenceTokens, to - from)) +
          (hits.length === 0 ? 0 : this.#ruleSum(buffer, tokens, hits, from, to));
        if (logit > best.logit) best = { logit, from, to };
      }
    });
    return best;
  }

  #prefixSums(buffer: TokenBuffer, tokens: number): Float64Array {
    if (this.#sums.length <= tokens) this.#sums = new Float64Array(tokens * 2);
    const sums = this.#sums;
    const { features } = this.#weights;
    const { buckets } = buffer;
    let sum = 0;
    for (let token = 0, at = 0; token < tokens; token++) {
      for (const end = at + featuresPerToken; at < end; at++) sum += features[buckets[at] ?? 0] ?? 0;
      sums[token + 1] = sum;
    }
    return sums;
  }

  /** Each rule counts once in a window, however often it holds there. */
  #ruleSum(buffer: TokenBuffer, tokens: number, hits: readonly RuleHit[], from: number, to: number): number {
    const start = buffer.starts[from] ?? 0;
    const end = to < tokens ? (buffer.starts[to] ?? 0) : Number.POSITIVE_INFINITY;
    let seen = 0;
    let sum = 0;
    for (const hit of hits) {
      if (hit.end <= start || hit.start >= end) continue;
      const bit = 1 << hit.rule;
      if ((seen & bit) !== 0) continue;
      seen |= bit;
      sum += this.#weights.rules[hit.rule] ?? 0;
    }
    return sum;
  }
}
