/** What the models behind Converse differ in. It is read off the model's id, for Converse itself does not say. */
export interface ModelTraits {
  readonly family: 'claude' | 'nova' | 'mistral' | 'cohere' | 'gpt-oss' | 'other';
  /** Claude only: how thinking is asked for; `adaptive`: by effort, `budget`: by tokens. */
  readonly thinking?: 'adaptive' | 'budget';
  /** Claude only: it hides its thoughts unless told to sum them up. */
  readonly hidesThoughts: boolean;
  /** Claude only: it thinks unless told not to. */
  readonly thinksByDefault: boolean;
  /** `outputConfig.textFormat` and `strict` tools work. */
  readonly structuredOutput: boolean;
  /** Prefixes of the prompt can be kept; `tools` too where true. */
  readonly cachePoints: { readonly tools: boolean; readonly ttl: boolean } | undefined;
  readonly temperature: { readonly most: number } | undefined;
  /** Takes temperature and top-p together. */
  readonly bothSamplings: boolean;
  /** Name of top-k among `additionalModelRequestFields`. */
  readonly topK: string | undefined;
  readonly stopSequences: boolean;
  /** A tool may be demanded (`any`, or one by name). */
  readonly forcedTools: boolean;
}

const openFamilies =
  /(?:^|[./])(?:qwen\.|deepseek\.v3|google\.gemma|nvidia\.|minimax\.|moonshot|openai\.gpt-oss|mistral\.(?:magistral|ministral|mistral-large-3|voxtral))/;

/** @param model an id, an inference profile or an ARN that holds one */
export function modelTraits(model: string): ModelTraits {
  if (model.includes('claude')) return claudeTraits(model);
  const usual = {
    thinksByDefault: false,
    hidesThoughts: false,
    structuredOutput: openFamilies.test(model),
    cachePoints: undefined,
    temperature: { most: 1 },
    bothSamplings: true,
    stopSequences: true,
    forcedTools: true,
  };
  if (model.includes('amazon.nova')) return { ...usual, family: 'nova', topK: undefined, cachePoints: { tools: false, ttl: false } };
  if (model.includes('mistral.')) return { ...usual, family: 'mistral', topK: 'top_k' };
  if (model.includes('cohere.')) return { ...usual, family: 'cohere', topK: 'k', forcedTools: false };
  if (model.includes('openai.')) return { ...usual, family: 'gpt-oss', topK: undefined, stopSequences: false };
  return { ...usual, family: 'other', topK: undefined, forcedTools: !model.includes('meta.') };
}

function claudeTraits(model: string): ModelTraits {
  const version = claudeVersion(model);
  const thinking = version < 3.7 ? {} : { thinking: version < 4.6 ? ('budget' as const) : ('adaptive' as const) };
  return {
    ...thinking,
    family: 'claude',
    thinksByDefault: version >= 5,
    hidesThoughts: version >= 4.7,
    structuredOutput: /claude-(?:opus-4-[56]|sonnet-4-5)/.test(model),
    cachePoints: { tools: true, ttl: version >= 4.5 },
    // From 4.7 on any temperature, top-p or top-k is an error.
    temperature: version >= 4.7 ? undefined : { most: 1 },
    bothSamplings: version < 4.1,
    topK: version >= 4.7 ? undefined : 'top_k',
    stopSequences: true,
    forcedTools: !/claude-(?:opus-5-5|sonnet-5-5|fable-5-1)/.test(model),
  };
}

/** `claude-opus-4-6` is 4.6, `claude-3-7-sonnet` 3.7; 3 where the id holds no version. */
function claudeVersion(model: string): number {
  const [, major = '3', minor = '0'] = /claude-(?:[a-z]+-)?(\d)(?:-(\d)(?!\d))?/.exec(model) ?? [];
  return Number(`${major}.${minor}`);
}
