import type { UnmaskTable } from '@sluice/contracts';

/** Anything in a text that a placeholder of ours could be taken for. */
const placeholderForm = /<[A-Z][A-Z0-9_]{0,63}_\d{1,9}>/g;

/**
 * Gives each value of one request its placeholder. Numbers follow the order of first appearance, so a conversation
 * that grows at its end keeps the bytes of its beginning, and caches of prompts stay warm. Made anew for each request:
 * no table is ever shared.
 */
export class Placeholders {
  readonly #taken = new Set<string>();
  readonly #lastNumber = new Map<string, number>();
  readonly #byValue = new Map<string, string>();

  /** Keeps numbers free that a text already uses; to be called with every text before the first {@link assign}. */
  reserve(text: string): void {
    if (!text.includes('<')) return;
    for (const [form] of text.matchAll(placeholderForm)) this.#taken.add(form);
  }

  /** The same value has the same placeholder, whichever recogniser found it. */
  assign(type: string, value: string): string {
    const known = this.#byValue.get(value);
    if (known !== undefined) return known;
    let number = this.#lastNumber.get(type) ?? 0;
    let placeholder: string;
    do placeholder = `<${type}_${++number}>`;
    while (this.#taken.has(placeholder)); // ends: `taken` is finite
    this.#lastNumber.set(type, number);
    this.#byValue.set(value, placeholder);
    return placeholder;
  }

  of(value: string): string | undefined {
    return this.#byValue.get(value);
  }

  get values(): readonly string[] {
    return [...this.#byValue.keys()];
  }

  /** Placeholder to original. */
  table(): UnmaskTable {
    return Object.fromEntries(Array.from(this.#byValue, ([value, placeholder]) => [placeholder, value]));
  }
}
