/** Each bound is a tenth above the one before: a quantile is exact to five percent. */
const growth = 1.1;
const logGrowth = Math.log(growth);
/** 1 ms to ten minutes. */
const buckets = Math.ceil(Math.log(600_000) / logGrowth) + 1;
/** After this long a measurement counts half. */
const halfLifeMs = 120_000;
/** Weights grow instead of old counts shrinking, and are brought back from here. */
const rescaleAbove = 2 ** 30;

/** Quantiles of a time in a bounded histogram (about 1 KB) that forgets: logarithmic buckets, forward decay (Cormode et al., 2009). */
export class LatencyQuantile {
  readonly #counts = new Float64Array(buckets);
  #total = 0;
  #landmark: number | undefined;

  add(milliseconds: number, now: number): void {
    this.#landmark ??= now;
    let weight = 2 ** ((now - this.#landmark) / halfLifeMs);
    if (weight > rescaleAbove) {
      for (let bucket = 0; bucket < buckets; bucket++) this.#counts[bucket] = (this.#counts[bucket] ?? 0) / weight;
      this.#total /= weight;
      this.#landmark = now;
      weight = 1;
    }
    const bucket = Math.min(buckets - 1, Math.max(0, Math.ceil(Math.log(milliseconds) / logGrowth)));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + weight;
    this.#total += weight;
  }

  /** Undefined where what is remembered weighs less than `minimum` new measurements. */
  quantile(share: number, minimum: number, now: number): number | undefined {
    if (this.#landmark === undefined) return undefined;
    if (this.#total < minimum * 2 ** ((now - this.#landmark) / halfLifeMs)) return undefined;
    let rest = share * this.#total;
    for (let bucket = 0; bucket < buckets; bucket++) {
      rest -= this.#counts[bucket] ?? 0;
      // The middle of the bucket in its own, logarithmic measure.
      if (rest <= 0) return growth ** (bucket - 0.5);
    }
    return growth ** (buckets - 0.5);
  }
}
