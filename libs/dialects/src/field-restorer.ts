import type { UnmaskTable } from '@sluice/contracts';
import { PlaceholderMatcher } from './placeholder-matcher.ts';

/** Both readings of one table, each built when first asked for; one pair serves a whole answer. */
export class Matchers {
  readonly #table: UnmaskTable;
  #text: PlaceholderMatcher | undefined;
  #json: PlaceholderMatcher | undefined;

  constructor(table: UnmaskTable) {
    this.#table = table;
  }

  get text(): PlaceholderMatcher {
    return (this.#text ??= new PlaceholderMatcher(this.#table, false));
  }

  get json(): PlaceholderMatcher {
    return (this.#json ??= new PlaceholderMatcher(this.#table, true));
  }
}

/** Characters after which a text that could be a JSON document is taken for prose. */
const maxOpeningLength = 64;

/**
 * Restores one running text of an answer: a message's content, or one call's arguments. A text that opens like a JSON
 * document (structured output) gets its originals escaped, else a quote in one would break the document.
 */
export class FieldRestorer {
  readonly #matchers: Matchers;
  #opening = '';
  #matcher: PlaceholderMatcher | undefined;
  #held = '';

  /** @param document the text is a JSON document for certain, as tool-call arguments are */
  constructor(matchers: Matchers, document: boolean) {
    this.#matchers = matchers;
    if (document) this.#matcher = matchers.json;
  }

  get holds(): boolean {
    return this.#held !== '';
  }

  push(text: string, final: boolean): string {
    const scanned = this.#choose(text).scan(this.#held + text, final);
    this.#held = scanned.held;
    return scanned.output;
  }

  #choose(text: string): PlaceholderMatcher {
    if (this.#matcher !== undefined) return this.#matcher;
    this.#opening = (this.#opening + text).slice(0, maxOpeningLength);
    const document = opensDocument(this.#opening);
    if (document !== undefined) this.#matcher = document ? this.#matchers.json : this.#matchers.text;
    return this.#matcher ?? this.#matchers.text;
  }
}

/** A whole text at once, by the same rule. */
export function restoreText(matchers: Matchers, text: string, document: boolean): string {
  return new FieldRestorer(matchers, document).push(text, true);
}

/** Whether a text that begins so is a JSON object or a list of values; undefined where it is too short to tell. */
function opensDocument(opening: string): boolean | undefined {
  const start = opening.trimStart();
  const second = start.slice(1).trimStart().charAt(0);
  const first = start.charAt(0);
  if (first !== '' && first !== '{' && first !== '[') return false;
  if (first === '' || second === '') return opening.length < maxOpeningLength ? undefined : false;
  return first === '{' ? second === '"' || second === '}' : '"{[]'.includes(second);
}
