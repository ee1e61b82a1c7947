import { AhoCorasick } from '../../aho-corasick.ts';
import { letter, space } from '../../normalise/character-class.ts';
import { conceptNames, concepts } from './lexicon.ts';
import { guardReach, rules, unlessReach } from './rules.ts';
import type { Concept } from './lexicon.ts';

/** Where a rule held, in folded units. */
export interface RuleHit {
  readonly rule: number;
  readonly start: number;
  readonly end: number;
}

/** Hits kept for one text; a text with more is an attack, or a list of them, by any measure. */
const maxHits = 256;

interface Entry {
  readonly text: string;
  readonly concept: number;
  readonly prefix: boolean;
}

/** Finds every place where a rule's concepts stand close together: one pass over the text, no backtracking. */
export class RuleMatcher {
  readonly #entries: readonly Entry[];
  readonly #automaton: AhoCorasick;
  readonly #classes: Uint8Array;
  /** For each concept the rules that name it. */
  readonly #rulesOf: readonly (readonly number[])[];
  readonly #members: readonly (readonly number[])[];
  readonly #unless: readonly number[];
  readonly #guards: readonly number[] = [conceptNames.indexOf('negation'), conceptNames.indexOf('guard')];
  readonly #lastStart: Int32Array;

  constructor(classes: Uint8Array, foldEntry: (text: string) => string) {
    this.#classes = classes;
    this.#entries = readLexicon(foldEntry);
    this.#automaton = new AhoCorasick(this.#entries.map((entry) => entry.text));
    const indexOf = (concept: Concept) => conceptNames.indexOf(concept);
    this.#members = rules.map((rule) => rule.all.map(indexOf));
    this.#unless = rules.map((rule) => (rule.unless === undefined ? -1 : indexOf(rule.unless)));
    this.#rulesOf = conceptNames.map((concept) => rules.flatMap((rule, index) => (rule.all.includes(concept) ? [index] : [])));
    this.#lastStart = new Int32Array(conceptNames.length);
  }

  /**
   * @param borderless true for text whose word borders were lost, e.g. spelled-out letters
   * @param ascii every unit is below 128
   * @param application true for text of the application that calls: it names attacks in order to forbid them
   */
  match(codes: Uint16Array, length: number, borderless = false, application = false, ascii = false): RuleHit[] {
    const hits: RuleHit[] = [];
    const last = this.#lastStart.fill(-1_000_000);
    this.#automaton.search(
      codes,
      length,
      (word, end) => {
        const entry = this.#entries[word];
        if (entry === undefined || hits.length >= maxHits) return;
        const start = end - entry.text.length;
        if (!borderless && !this.#standsAlone(codes, length, start, end, entry.prefix)) return;
        last[entry.concept] = start;
        if (application && this.#guards.includes(entry.concept)) {
          while (hits.length > 0 && (hits.at(-1)?.end ?? 0) >= start - unlessReach) hits.pop(); // "... nicht preis", "... inside the documents"
        }
        for (const rule of this.#rulesOf[entry.concept] ?? []) {
          const from = this.#holds(rule, start);
          if (from !== undefined && application && this.#guards.some((guard) => (last[guard] ?? -1) >= from - guardReach)) continue;
          if (from !== undefined) hits.push({ rule, start: from, end });
        }
      },
      ascii,
    );
    return hits;
  }

  /** Start of the stretch in which the rule's concepts all stand, if they do. */
  #holds(rule: number, now: number): number | undefined {
    const reach = now - (rules[rule]?.span ?? 0);
    let from = now;
    for (const concept of this.#members[rule] ?? []) {
      const at = this.#lastStart[concept] ?? -1;
      if (at < reach) return undefined;
      if (at < from) from = at;
    }
    const unless = this.#unless[rule] ?? -1;
    if (unless !== -1 && (this.#lastStart[unless] ?? -1) >= from - unlessReach) return undefined;
    return from;
  }

  #standsAlone(codes: Uint16Array, length: number, start: number, end: number, prefix: boolean): boolean {
    const classes = this.#classes;
    if (classes[codes[start] ?? 0] === letter && start > 0 && classes[codes[start - 1] ?? 0] === letter && !isHangul(codes[start] ?? 0))
      return false;
    if (prefix || end >= length || isHangul(codes[end - 1] ?? 0)) return true;
    return classes[codes[end - 1] ?? 0] !== letter || classes[codes[end] ?? space] !== letter;
  }
}

/** Korean joins particles to words without a space. */
function isHangul(code: number): boolean {
  return code >= 0xac00 && code < 0xd7b0;
}

function readLexicon(foldEntry: (text: string) => string): Entry[] {
  const entries = new Map<string, Entry>();
  conceptNames.forEach((name, concept) => {
    for (const raw of concepts[name].flatMap((line) => line.split('|'))) {
      const prefix = raw.endsWith('*');
      const text = foldEntry((prefix ? raw.slice(0, -1) : raw).replaceAll('¦', '|'));
      if (text !== '')
        entries.set(`${name} ${text}`, { text, concept, prefix: prefix || (entries.get(`${name} ${text}`)?.prefix ?? false) });
    }
  });
  return [...entries.values()];
}
