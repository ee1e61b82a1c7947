import type { Concept } from './lexicon.ts';

export type InjectionCategory = 'prompt_injection' | 'jailbreak' | 'prompt_leak';

/** Concepts that mean an attack when they stand close together, in any order. */
export interface Rule {
  readonly name: string;
  readonly all: readonly Concept[];
  /** Widest stretch that holds them all, UTF-16 units. */
  readonly span: number;
  /** A concept that takes the rule back where it stands within {@link unlessReach} before the match. */
  readonly unless?: Concept;
  readonly category: InjectionCategory;
  /** Probability of an attack where nothing else speaks for or against it. */
  readonly weight: number;
}

export const unlessReach = 24;
/** In a text of the application's own, what forbids, or says what a user may try, takes back rules this far behind it. */
export const guardReach = 60;

export const rules: readonly Rule[] = [
  { name: 'override-prior-instruction', all: ['override', 'prior', 'instruction'], span: 70, category: 'prompt_injection', weight: 0.8 },
  { name: 'override-prior-setting', all: ['override', 'prior', 'setting'], span: 60, category: 'prompt_injection', weight: 0.4 },
  { name: 'override-instruction', all: ['override', 'instruction'], span: 30, category: 'prompt_injection', weight: 0.15 },
  { name: 'override-hidden-prompt', all: ['override', 'hiddenPrompt'], span: 60, category: 'prompt_injection', weight: 0.7 },
  { name: 'override-new-role', all: ['override', 'newRole'], span: 120, category: 'prompt_injection', weight: 0.15 },
  {
    name: 'override-then-reveal',
    all: ['override', 'instruction', 'reveal', 'prior'],
    span: 160,
    category: 'prompt_injection',
    weight: 0.3,
  },
  { name: 'reveal-hidden-prompt', all: ['reveal', 'hiddenPrompt'], span: 50, unless: 'negation', category: 'prompt_leak', weight: 0.75 },
  { name: 'reveal-secret', all: ['reveal', 'leakTarget'], span: 40, unless: 'negation', category: 'prompt_leak', weight: 0.1 },
  { name: 'override-secret', all: ['override', 'leakTarget'], span: 120, category: 'prompt_leak', weight: 0.2 },
  { name: 'persona-role', all: ['persona', 'newRole'], span: 200, category: 'jailbreak', weight: 0.6 },
  { name: 'persona-unrestricted', all: ['persona', 'unrestricted'], span: 300, category: 'jailbreak', weight: 0.8 },
  { name: 'persona-comply', all: ['persona', 'comply'], span: 300, category: 'jailbreak', weight: 0.75 },
  { name: 'role-unrestricted', all: ['newRole', 'unrestricted'], span: 200, category: 'jailbreak', weight: 0.35 },
  { name: 'role-comply', all: ['newRole', 'comply'], span: 250, category: 'jailbreak', weight: 0.3 },
  { name: 'comply-unrestricted', all: ['comply', 'unrestricted'], span: 250, category: 'jailbreak', weight: 0.55 },
  { name: 'affix-unrestricted', all: ['affix', 'unrestricted'], span: 300, category: 'jailbreak', weight: 0.45 },
  { name: 'affix-comply', all: ['affix', 'comply'], span: 300, category: 'jailbreak', weight: 0.45 },
  { name: 'affix-override', all: ['affix', 'override'], span: 80, category: 'prompt_injection', weight: 0.4 },
  { name: 'affix', all: ['affix'], span: 1, category: 'jailbreak', weight: 0.1 },
  { name: 'persona', all: ['persona'], span: 1, category: 'jailbreak', weight: 0.15 },
  { name: 'execute-override', all: ['execute', 'override', 'instruction'], span: 120, category: 'prompt_injection', weight: 0.3 },
  { name: 'about-attacks', all: ['about'], span: 1, category: 'prompt_injection', weight: 0 },
];
