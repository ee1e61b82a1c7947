/** Buckets of half powers of two: an estimate is at most 41 % above what it stands for. The last holds 2^20 tokens and more. */
const buckets = 41;
/** Weight of each observation in that of the next: the last hundred or so count. */
const growth = 1.01;
const heaviest = 1e9;
/** Fewer observations than this say nothing about a 95th percentile. */
const fewest = 20;
const percentile = 0.95;

interface Known {
  readonly weights: Float32Array;
  observed: number;
  weight: number;
}

/**
 * The 95th percentile of output tokens, learned for each key and model from settlements. Old observations fade; the keys and
 * models seen last are remembered, so memory has a bound (about 0.3 KB each).
 */
export class OutputEstimates {
  readonly #known = new Map<string, Known>();
  readonly #capacity: number;

  constructor(capacity = 10_000) {
    this.#capacity = capacity;
  }

  observe(keyId: string, model: string, outputTokens: number): void {
    const id = `${keyId} ${model}`;
    let known = this.#known.get(id);
    if (known === undefined) {
      if (this.#known.size >= this.#capacity) this.#forgetOldest();
      known = { weights: new Float32Array(buckets), observed: 0, weight: 1 };
      this.#known.set(id, known);
    }
    const bucket = bucketOf(outputTokens);
    known.weights[bucket] = (known.weights[bucket] ?? 0) + known.weight;
    known.observed += 1;
    known.weight *= growth;
    if (known.weight > heaviest) {
      for (let index = 0; index < buckets; index += 1) known.weights[index] = (known.weights[index] ?? 0) / heaviest;
      known.weight /= heaviest;
    }
  }

  /** Undefined until enough was seen. */
  estimate(keyId: string, model: string): number | undefined {
    const known = this.#known.get(`${keyId} ${model}`);
    if (known === undefined || known.observed < fewest) return undefined;
    let total = 0;
    for (const weight of known.weights) total += weight;
    let beyond = total * (1 - percentile);
    for (let bucket = buckets - 1; bucket > 0; bucket -= 1) {
      beyond -= known.weights[bucket] ?? 0;
      if (beyond < 0) return Math.ceil(2 ** (bucket / 2));
    }
    return 1;
  }

  #forgetOldest(): void {
    const oldest = this.#known.keys().next().value;
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

/** The bucket whose upper end is the next half power of two. */
function bucketOf(tokens: number): number {
  return tokens <= 1 ? 0 : Math.min(buckets - 1, Math.ceil(Math.log2(tokens) * 2));
}
