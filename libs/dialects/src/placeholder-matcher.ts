import type { UnmaskTable } from '@sluice/contracts';

interface Node {
  readonly next: Map<number, Node>;
  /** What stands here instead, where a placeholder ends. */
  original?: string;
}

/** What {@link PlaceholderMatcher.scan} made of a text: restored so far, and the part that may be the head of a placeholder. */
interface Scanned {
  readonly output: string;
  readonly held: string;
}

const backslash = 0x5c;

/**
 * Finds placeholders in running text, the longest at the leftmost place. As a trie, each position costs at most the
 * length of the longest placeholder, however many there are.
 *
 * With `json` it reads the source of a JSON string: a placeholder may then be written with escapes (`\u003cEMAIL_1\u003e`,
 * as Go's encoder does) and originals come out escaped.
 */
export class PlaceholderMatcher {
  readonly #root: Node = { next: new Map() };
  readonly #json: boolean;

  constructor(table: UnmaskTable, json: boolean) {
    this.#json = json;
    for (const [placeholder, original] of Object.entries(table)) {
      if (placeholder !== '') this.#add(placeholder, json ? JSON.stringify(original).slice(1, -1) : original);
    }
  }

  /** All of a text. */
  replace(text: string): string {
    return this.scan(text, true).output;
  }

  /** Text of which more may follow, unless it is `final`; give `held` back in front of what follows. */
  scan(text: string, final: boolean): Scanned {
    let output = '';
    let copied = 0;
    let position = 0;
    while (position < text.length) {
      const match = this.#matchAt(text, position);
      if (match.open && !final) return { output: output + text.slice(copied, position), held: text.slice(position) };
      if (match.original !== undefined) {
        output += text.slice(copied, position) + match.original;
        position = copied = match.end;
        continue;
      }
      const step = this.#step(text, position);
      if (position + step > text.length && !final) return { output: output + text.slice(copied, position), held: text.slice(position) };
      position += step;
    }
    return { output: copied === 0 ? text : output + text.slice(copied), held: '' };
  }

  #matchAt(text: string, from: number): Match {
    let node = this.#root.next.get(text.charCodeAt(from));
    if (node === undefined) return noMatch;
    let position = from + 1;
    let end = from;
    let original: string | undefined;
    while (true) {
      if (node.original !== undefined) {
        original = node.original;
        end = position;
      }
      if (position === text.length) return { original, end, open: node.next.size > 0 };
      node = node.next.get(text.charCodeAt(position));
      if (node === undefined) return { original, end, open: false };
      position++;
    }
  }

  /** An escape is stepped over whole: the `n` of `\n` begins no placeholder. */
  #step(text: string, position: number): number {
    if (!this.#json || text.charCodeAt(position) !== backslash) return 1;
    return text[position + 1] === 'u' ? 6 : 2;
  }

  #add(placeholder: string, original: string): void {
    let node = this.#root;
    for (let index = 0; index < placeholder.length; index++) {
      const character = placeholder.charAt(index);
      const spellings = this.#json ? spellingsInJson(character) : [character];
      const [first = character] = spellings;
      const target = follow(node, first) ?? { next: new Map<number, Node>() };
      for (const spelling of spellings) link(node, spelling, target);
      node = target;
    }
    node.original = original;
  }
}

interface Match {
  readonly original: string | undefined;
  readonly end: number;
  /** The text ends where a longer placeholder could still go on. */
  readonly open: boolean;
}

const noMatch: Match = { original: undefined, end: 0, open: false };

/** How one UTF-16 unit may be written inside a JSON string. Letters, digits and `_` are never escaped by any encoder. */
function spellingsInJson(character: string): string[] {
  if (/\w/.test(character)) return [character];
  const hex = character.charCodeAt(0).toString(16).padStart(4, '0');
  const raw = /["\\\u0000-\u001f]/.test(character) ? JSON.stringify(character).slice(1, -1) : character;
  const short = character === '/' ? ['\\/'] : [];
  return [...new Set([raw, ...short, `\\u${hex}`, `\\u${hex.toUpperCase()}`])];
}

function follow(from: Node, spelling: string): Node | undefined {
  let node: Node | undefined = from;
  for (let index = 0; index < spelling.length; index++) node = node?.next.get(spelling.charCodeAt(index));
  return node;
}

function link(from: Node, spelling: string, target: Node): void {
  let node = from;
  for (let index = 0; index < spelling.length - 1; index++) {
    const code = spelling.charCodeAt(index);
    const next: Node = node.next.get(code) ?? { next: new Map() };
    node.next.set(code, next);
    node = next;
  }
  node.next.set(spelling.charCodeAt(spelling.length - 1), target);
}
