import { SluiceError } from '@sluice/contracts';

/**
 * What of a request cannot be said in the format of a target. Two kinds: a hint changes no answer by its absence
 * (`user`, a cache mark) and is left out always; anything else is refused, unless the operator chose to leave it out
 * (`onUnsupported: drop`). Either way the client hears of it: in the refusal, or by the header `x-sluice-dropped`.
 */
export class Losses {
  readonly #mode: 'refuse' | 'drop';
  readonly #target: string;
  readonly #dropped = new Set<string>();

  /** @param target how a refusal names what cannot express it, e.g. `provider "claude"` */
  constructor(mode: 'refuse' | 'drop', target: string) {
    this.#mode = mode;
    this.#target = target;
  }

  /** Leaves out what changes no answer. @param path the client's own field, e.g. `prompt_cache_key` */
  hint(path: string): void {
    this.#dropped.add(path);
  }

  /**
   * Leaves out, or refuses, what the client asked for and will not get.
   * @throws SluiceError `unsupported_feature` that names the field
   */
  feature(path: string, why = 'has no such feature'): void {
    if (this.#mode === 'drop') {
      this.#dropped.add(path);
      return;
    }
    throw new SluiceError(
      'unsupported_feature',
      `${path}: ${this.#target} ${why}. Leave it out, or ask another model; an operator may set onUnsupported: drop.`,
      { param: path },
    );
  }

  /** Fields left out so far. */
  get dropped(): readonly string[] {
    return [...this.#dropped];
  }
}
