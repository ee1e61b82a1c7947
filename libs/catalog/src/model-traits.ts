import { createRequire } from 'node:module';
import type * as LlmZoo from 'llm-zoo';

/** What a model can do; a trait that nobody has written down is absent, never guessed. */
export interface Capabilities {
  readonly tools?: boolean;
  readonly vision?: boolean;
  readonly reasoning?: boolean;
  readonly promptCaching?: boolean;
}

export interface ModelTraits {
  readonly contextWindow: number | undefined;
  readonly maxOutputTokens: number | undefined;
  readonly capabilities: Capabilities;
}

/** Finds the traits of a model by its vendor's name for it, with or without a vendor's prefix or a date. */
export type FindTraits = (model: string) => ModelTraits | undefined;

const dateSuffix = /[-@](\d{4}-\d{2}-\d{2}|\d{8})$/;

/** Loads the package on the first question (10 ms), and keeps nothing of it but the four facts of each model. */
export function createTraits(): FindTraits {
  let traits: ReadonlyMap<string, ModelTraits> | undefined;
  return (model) => {
    traits ??= readTraits();
    const bare = model.slice(model.lastIndexOf('/') + 1);
    return traits.get(bare) ?? traits.get(bare.replace(dateSuffix, ''));
  };
}

function readTraits(): ReadonlyMap<string, ModelTraits> {
  // Safe: the package declares these types for both of its builds.
  const { MODEL_CONFIGS } = createRequire(import.meta.url)('llm-zoo') as typeof LlmZoo;
  const traits = new Map<string, ModelTraits>();
  for (const config of Object.values(MODEL_CONFIGS)) {
    const { capabilities } = config;
    const entry: ModelTraits = {
      contextWindow: config.contextWindow,
      maxOutputTokens: config.maxOutputTokens,
      capabilities: {
        tools: capabilities.supportsFunctionCalling,
        vision: capabilities.supportsVision,
        reasoning: capabilities.supportsReasoning,
        promptCaching: capabilities.supportsPromptCaching || capabilities.supportsAutoPromptCaching,
      },
    };
    for (const name of [config.shortName, config.fullName, config.fullName.replace(dateSuffix, '')])
      if (!traits.has(name)) traits.set(name, entry);
  }
  return traits;
}
