import type { Embedder } from '@sluice/embedding';
import type { Candidate, Strategy, StrategyTools } from './strategy.ts';

/**
 * Cosine from which a prompt is of an example's kind. Of prompts on three subjects the nearest example of their own was at
 * 0.47 to 0.72, and prompts on none of them stayed below 0.33 (semantic.spec.ts).
 */
const nearCosine = 0.4;
/** The beginning of a prompt tells its kind; the encoder's time grows with its length. */
const embeddedCharacters = 1_000;
/** Texts handed to the encoder at once. */
const batchSize = 24;
/** A request waits no longer for the encoder; then it is ordered as configured. */
const patienceMs = 1_000;
/** After the encoder failed on the examples they are tried again no sooner. */
const retryAfterMs = 10_000;

/**
 * The target whose example is nearest to the user's last text first, then the others that have a near one, then the rest in
 * the order of the configuration: also the order where nothing is near, there is no text, or the encoder is out of order.
 */
export const semantic: Strategy = <Of extends Candidate>(targets: readonly Of[], { clock, embedder }: StrategyTools) => {
  const taught = targets.filter(({ config }) => (config.examples?.length ?? 0) > 0);
  if (embedder === undefined || taught.length === 0 || targets.length < 2) return () => targets;
  const encoder = embedder();
  const examples = new ExampleVectors(encoder, taught, clock);
  return (request) => {
    const prompt = request.prompt?.();
    if (prompt === undefined) return targets;
    return within(patienceMs, orderByPrompt(prompt.slice(0, embeddedCharacters)), targets);
  };

  async function orderByPrompt(prompt: string): Promise<readonly Of[]> {
    const [vectors, [vector]] = await Promise.all([examples.ready(), encoder.embed([prompt], 'request')]);
    if (vectors === undefined || vector === undefined) return targets;
    const near = taught
      .map((target) => ({ target, cosine: nearest(vector, vectors.get(target) ?? []) }))
      .filter(({ cosine }) => cosine >= nearCosine)
      .sort((left, right) => right.cosine - left.cosine)
      .map(({ target }) => target);
    return near.length === 0 ? targets : [...near, ...targets.filter((target) => !near.includes(target))];
  }
};

/** Vectors of all examples: made once when the snapshot is compiled, before the first request asks for them. */
class ExampleVectors<Of extends Candidate> {
  readonly #encoder: Embedder;
  readonly #targets: readonly Of[];
  readonly #clock: () => number;
  #vectors: Promise<ReadonlyMap<Of, readonly Float32Array[]> | undefined>;
  #failedAt: number | undefined;

  constructor(encoder: Embedder, targets: readonly Of[], clock: () => number) {
    this.#encoder = encoder;
    this.#targets = targets;
    this.#clock = clock;
    this.#vectors = this.#embed();
  }

  /** Never rejects; undefined where the encoder failed. */
  ready(): Promise<ReadonlyMap<Of, readonly Float32Array[]> | undefined> {
    if (this.#failedAt !== undefined && this.#clock() - this.#failedAt >= retryAfterMs) {
      this.#failedAt = undefined;
      this.#vectors = this.#embed();
    }
    return this.#vectors;
  }

  async #embed(): Promise<ReadonlyMap<Of, readonly Float32Array[]> | undefined> {
    try {
      const vectors = new Map<Of, Float32Array[]>();
      for (const target of this.#targets) {
        const texts = (target.config.examples ?? []).map((example) => example.slice(0, embeddedCharacters));
        const own: Float32Array[] = [];
        for (let next = 0; next < texts.length; next += batchSize) {
          own.push(...(await this.#encoder.embed(texts.slice(next, next + batchSize), 'background')));
        }
        vectors.set(target, own);
      }
      return vectors;
    } catch {
      this.#failedAt = this.#clock();
      return undefined;
    }
  }
}

function nearest(vector: Float32Array, examples: readonly Float32Array[]): number {
  let best = -1;
  for (const example of examples) {
    let product = 0;
    for (let index = 0; index < vector.length; index++) product += (vector[index] ?? 0) * (example[index] ?? 0);
    best = Math.max(best, product);
  }
  return best;
}

/** What the promise gives in time, else the fallback. */
async function within<Value>(timeoutMs: number, promise: Promise<Value>, fallback: Value): Promise<Value> {
  const { promise: late, resolve } = Promise.withResolvers<Value>();
  const timer = setTimeout(() => {
    resolve(fallback);
  }, timeoutMs);
  try {
    return await Promise.race([promise, late]);
  } catch {
    return fallback;
  } finally {
    clearTimeout(timer);
  }
}
