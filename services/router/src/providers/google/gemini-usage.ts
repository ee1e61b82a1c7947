import type { TokenUsage } from '@sluice/contracts';
import type { JsonObject } from '@sluice/dialects';
import { countAt } from './json-fields.ts';

const countNames = [
  'promptTokenCount',
  'toolUsePromptTokenCount',
  'cachedContentTokenCount',
  'candidatesTokenCount',
  'thoughtsTokenCount',
  'totalTokenCount',
] as const;

/**
 * The counts of one answer. Those of a stream are totals so far and never summed; an event may leave some out, and the
 * last one seen stands then.
 */
export class GeminiUsage {
  readonly #counts = new Map<(typeof countNames)[number], number>();

  /** True where the metadata changed a count. */
  merge(metadata: JsonObject): boolean {
    let changed = false;
    for (const name of countNames) {
      const count = countAt(metadata, name);
      if (count === undefined || this.#counts.get(name) === count) continue;
      this.#counts.set(name, count);
      changed = true;
    }
    return changed;
  }

  /** Undefined until any count has come. */
  get usage(): TokenUsage | undefined {
    if (this.#counts.size === 0) return undefined;
    // What tools of Google's own found is input too, and not part of the prompt's count.
    const input = this.#count('promptTokenCount') + this.#count('toolUsePromptTokenCount');
    const thoughts = this.#count('thoughtsTokenCount');
    const candidates = this.#count('candidatesTokenCount');
    const cached = this.#counts.get('cachedContentTokenCount');
    // Documented: candidates leave thoughts out. Some Vertex models counted them in; the total gives that away.
    const inclusive = thoughts > 0 && candidates >= thoughts && this.#counts.get('totalTokenCount') === input + candidates;
    return {
      input,
      output: inclusive ? candidates : candidates + thoughts,
      ...(cached === undefined ? {} : { cached: Math.min(cached, input) }),
      ...(this.#counts.has('thoughtsTokenCount') ? { reasoning: thoughts } : {}),
    };
  }

  #count(name: (typeof countNames)[number]): number {
    return this.#counts.get(name) ?? 0;
  }
}
