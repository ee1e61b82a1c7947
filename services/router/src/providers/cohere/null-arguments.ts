const nothing = 'null';

/**
 * Holds back the beginning of a call's arguments while it may yet be `null`, which Cohere writes for a tool without
 * arguments: no arguments at all mean `{}`, and `null` is an input that no tool takes.
 */
export class NullArguments {
  #held: string | undefined = '';

  /** What may be passed on. */
  push(piece: string): string {
    if (this.#held === undefined) return piece;
    this.#held += piece;
    if (nothing.startsWith(this.#held.trim())) return '';
    const text = this.#held;
    this.#held = undefined;
    return text;
  }
}
