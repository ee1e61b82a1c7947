const bucketMs = 1_000;
const buckets = 10;

/** Calls and failures of the last ten seconds, in steps of one. */
export class FailureWindow {
  readonly #calls = new Int32Array(buckets);
  readonly #failures = new Int32Array(buckets);
  /** Seconds that the buckets stand for. */
  readonly #seconds = new Float64Array(buckets).fill(-1);

  add(failed: boolean, now: number): void {
    const second = Math.floor(now / bucketMs);
    const bucket = second % buckets;
    if (this.#seconds[bucket] !== second) {
      this.#seconds[bucket] = second;
      this.#calls[bucket] = 0;
      this.#failures[bucket] = 0;
    }
    this.#calls[bucket] = (this.#calls[bucket] ?? 0) + 1;
    if (failed) this.#failures[bucket] = (this.#failures[bucket] ?? 0) + 1;
  }

  /** Share of the calls that failed; undefined where there were fewer than `minimumCalls`. */
  failureRate(minimumCalls: number, now: number): number | undefined {
    const oldest = Math.floor(now / bucketMs) - buckets + 1;
    let calls = 0;
    let failures = 0;
    for (let bucket = 0; bucket < buckets; bucket++) {
      if ((this.#seconds[bucket] ?? -1) < oldest) continue;
      calls += this.#calls[bucket] ?? 0;
      failures += this.#failures[bucket] ?? 0;
    }
    return calls < minimumCalls ? undefined : failures / calls;
  }

  clear(): void {
    this.#seconds.fill(-1);
  }
}
