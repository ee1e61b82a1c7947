/** A text as the vetoes see it; worked out once for each text, since one question meets several candidates. */
export interface Words {
  /** Lower case, in order, contractions and punctuation split off; numbers are words too. */
  readonly all: readonly string[];
  /** Without numbers, which are compared by value elsewhere, and the words that only hold a sentence together. */
  readonly content: readonly string[];
  /** Lower case of what is written like a name: a capital or digit-letter mix that does not just begin a sentence. */
  readonly names: ReadonlySet<string>;
  readonly text: string;
}

/** Words whose coming and going leaves a question the same. Negations, prepositions of time and quantifiers are not among them. */
const functionWords: ReadonlySet<string> = new Set(
  (
    'a an the is are was were be been being am do does did done doing have has had having will would shall should can could may might must ' +
    'i me my mine myself you your yours yourself we us our it its he she they them their this that these those there here ' +
    'of to in on at for with by about as and or so than then if please just also really actually ' +
    'what which who whom whose how when where why s re ve ll d m t let lets get got some any'
  ).split(' '),
);

/** Ways to begin or end a question that say nothing of what is asked; their words are left out of the content. */
const frames =
  /\b(?:what(?: is|'s| are|s)? (?:a |the |some )?(?:good |best |easiest )?ways? (?:to|of)|(?:what|which) should (?:i|you|we) do(?: (?:to|if))?|if (?:i|you|we) (?:want|need|wanted) to|do you (?:think|know)|(?:can|could|would) you (?:please )?(?:tell|show|explain|help)(?: to)?(?: me| us)?|i (?:want|need|would like|'d like) to(?: know)?|(?:please )?(?:tell|show) me|how (?:do|can|should|could|would|to)(?: (?:i|you|we|one))?(?: go about)?)\b/giu;

const wordPattern = /\p{N}+(?:[.,:/]\p{N}+)*|[\p{L}\p{M}\p{N}_]+(?:'\p{L}+)?/gu;

/** Longest text that is taken apart; the stage bounds questions far below it. */
const maxCharacters = 20_000;

export function wordsOf(text: string): Words {
  const plain = text.slice(0, maxCharacters).normalize('NFKC').replaceAll('’', "'");
  const tokens = [...plain.matchAll(wordPattern)];
  const all: string[] = [];
  const names = new Set<string>();
  let previousEnd = 0;
  tokens.forEach((match, index) => {
    const token = match[0];
    const between = plain.slice(previousEnd, match.index);
    previousEnd = match.index + token.length;
    const word = token.toLowerCase();
    const beginsSentence = index === 0 || /[.!?:\n]/.test(between);
    if (isNameLike(token, beginsSentence)) names.add(word.replace(/'s$/, ''));
    all.push(word.endsWith("'s") ? word.slice(0, -2) : word);
  });
  return { all, content: contentOf(plain), names, text: plain };
}

function contentOf(text: string): string[] {
  const bare = text.replace(frames, ' ').toLowerCase();
  const words = bare.match(wordPattern) ?? [];
  return words
    .map((word) => (word.endsWith("'s") ? word.slice(0, -2) : word))
    .filter((word) => !functionWords.has(word) && !/\p{N}/u.test(word));
}

function isNameLike(token: string, beginsSentence: boolean): boolean {
  if (!/\p{L}/u.test(token)) return false;
  if (/\p{N}/u.test(token) || /^\p{Lu}{2,}$/u.test(token)) return true;
  return !beginsSentence && /^\p{Lu}/u.test(token) && !/^I('\p{L}+)?$/u.test(token);
}

/** How often each entry stands, for comparing without regard to order. */
export function tally(words: Iterable<string>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

export function sameTally(left: ReadonlyMap<string, number>, right: ReadonlyMap<string, number>): boolean {
  return left.size === right.size && [...left].every(([word, count]) => right.get(word) === count);
}
