/** What a request must know of the model that it is for, told by the model's name alone. */
export interface GeminiModel {
  /** How thinking is steered: by a level (Gemini 3 and later), by a number of tokens (2.5), or not at all. */
  readonly thinking: 'level' | 'budget' | 'none';
  /** Thinking tokens that 2.5 takes; a least of 0: it can be switched off. */
  readonly budget: { readonly least: number; readonly most: number };
  /** Levels that this model lacks, and the nearest that it has. */
  readonly nearestLevel: Readonly<Record<string, string>>;
  /** Refuses calls of its past that come back without the signature of the thought behind them. */
  readonly wantsSignatures: boolean;
  /** Takes images and files inside the result of a function. */
  readonly takesMediaInResults: boolean;
}

/** Ranges of ai.google.dev, "Thinking": 2.5 Pro cannot be kept from thinking, Flash-Lite thinks 512 tokens or none. */
const budgets = {
  pro: { least: 128, most: 32_768 },
  flash: { least: 0, most: 24_576 },
} as const;

/** Names that carry no version and are older than versions. */
const firstGeneration = /^gemini-(?:pro|pro-vision|ultra)$/;

/**
 * Names are open-ended: a `gemini-…` that is not known to be old is taken for a new one, so that the next generation
 * works before anybody has heard of it.
 */
export function describeGeminiModel(name: string): GeminiModel {
  const base = name.slice(name.lastIndexOf('/') + 1).toLowerCase();
  const generation = generationOf(base);
  const pro = base.includes('-pro');
  return {
    thinking: thinkingOf(base, generation),
    budget: pro ? budgets.pro : budgets.flash,
    nearestLevel: nearestLevels(base, pro),
    wantsSignatures: generation >= 3,
    takesMediaInResults: generation >= 3,
  };
}

/** 0: no Gemini. */
function generationOf(base: string): number {
  if (!base.startsWith('gemini-')) return 0;
  if (firstGeneration.test(base)) return 1;
  const version = /^gemini-(?:[a-z]+-)*(\d+(?:\.\d+)?)(?:-|$)/.exec(base)?.[1];
  if (base.startsWith('gemini-exp-') || base.startsWith('gemini-robotics-er-1')) return 2;
  return version === undefined ? Number.POSITIVE_INFINITY : Number(version);
}

function thinkingOf(base: string, generation: number): GeminiModel['thinking'] {
  if (generation >= 3) return 'level';
  // Tuned models have names of their own; those that think are made of 2.5.
  if (generation >= 2.5 || (generation === 0 && !/^(?:gemma|learnlm)/.test(base))) return 'budget';
  return 'none';
}

/** Flash has all four levels; Pro has no least one, and the first of the Pros has nothing between low and high. */
function nearestLevels(base: string, pro: boolean): Readonly<Record<string, string>> {
  if (!pro) return {};
  return base.startsWith('gemini-3-pro') ? { MINIMAL: 'LOW', MEDIUM: 'HIGH' } : { MINIMAL: 'LOW' };
}
