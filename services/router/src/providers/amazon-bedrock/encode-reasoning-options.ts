import { budgetOfEffort, effortOfBudget, type JsonObject, type Losses, type ModelRequest } from '@sluice/dialects';
import type { ModelTraits } from './model-traits.ts';

export interface EncodedReasoning {
  /** Members of `additionalModelRequestFields`. */
  readonly fields: JsonObject;
  /** Claude was told to think. */
  readonly thinking: boolean;
  /** Tokens of `inferenceConfig.maxTokens`, where thinking needs more than was asked for. */
  readonly maxTokens?: number;
}

const nothing: EncodedReasoning = { fields: {}, thinking: false };
/** Room for the answer itself where the client set no limit, tokens. */
const answerTokens = 4_096;
const leastBudgetTokens = 1_024;

/** How much the model may think, in the words of its family: Converse has none of its own. */
export function encodeReasoningOptions(request: ModelRequest, traits: ModelTraits, losses: Losses): EncodedReasoning {
  const { reasoning } = request;
  if (reasoning === undefined) return nothing;
  const off = reasoning.enabled === false || reasoning.effort === 'none';
  if (off) return traits.thinksByDefault ? { fields: { thinking: { type: 'disabled' } }, thinking: false } : nothing;
  if (reasoning.effort === undefined && reasoning.budgetTokens === undefined && reasoning.enabled !== true) return nothing;
  if (traits.thinking === 'adaptive') return adaptive(request, traits);
  if (traits.thinking === 'budget') return budgeted(request, losses);
  const effort = reasoning.effort ?? effortOfBudget(reasoning.budgetTokens ?? answerTokens);
  if (traits.family === 'gpt-oss') return { fields: { reasoning_effort: plainEffort(effort) }, thinking: false };
  if (traits.family === 'nova') {
    return { fields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: plainEffort(effort) } }, thinking: false };
  }
  losses.feature('reasoning_effort', 'has no setting for it');
  return nothing;
}

function adaptive({ reasoning }: ModelRequest, traits: ModelTraits): EncodedReasoning {
  const budget = reasoning?.budgetTokens;
  const effort = reasoning?.effort ?? (budget === undefined ? undefined : effortOfBudget(budget));
  return {
    fields: {
      thinking: { type: 'adaptive', ...(traits.hidesThoughts || reasoning?.summary !== undefined ? { display: 'summarized' } : {}) },
      ...(effort === undefined ? {} : { output_config: { effort: effort === 'minimal' ? 'low' : effort === 'xhigh' ? 'max' : effort } }),
    },
    thinking: true,
  };
}

/** The budget is a part of the output limit, and must be less than it. */
function budgeted({ reasoning, sampling, turns }: ModelRequest, losses: Losses): EncodedReasoning {
  const { maxOutputTokens } = sampling;
  const asked = reasoning?.budgetTokens ?? budgetOfEffort(reasoning?.effort ?? 'medium', maxOutputTokens);
  if (asked === undefined) {
    losses.feature('reasoning_effort', 'knows no such effort');
    return nothing;
  }
  if (!canGoOn(turns)) {
    losses.hint('reasoning_effort');
    return nothing;
  }
  const budget = maxOutputTokens === undefined ? asked : Math.min(asked, maxOutputTokens - 1);
  if (budget < leastBudgetTokens) {
    losses.hint('reasoning_effort');
    return nothing;
  }
  return {
    fields: { thinking: { type: 'enabled', budget_tokens: budget } },
    thinking: true,
    ...(maxOutputTokens === undefined ? { maxTokens: budget + answerTokens } : {}),
  };
}

/**
 * A model with a budget refuses to go on after its tools' results unless its turn begins with the thought that led there.
 * Clients of formats without signatures lose it; then the turn is finished without thinking.
 */
function canGoOn(turns: ModelRequest['turns']): boolean {
  const last = turns.findLastIndex((turn) => turn.role === 'assistant');
  const turn = turns[last];
  if (!turn?.parts.some((part) => part.type === 'tool-call')) return true;
  if (turns.slice(last + 1).some((later) => later.role === 'user')) return true;
  const [first] = turn.parts;
  return first?.type === 'reasoning' && (first.signature?.wire === 'bedrock-converse' || first.signature?.wire === 'anthropic-messages');
}

function plainEffort(effort: string): string {
  if (effort === 'minimal') return 'low';
  return effort === 'xhigh' || effort === 'max' ? 'high' : effort;
}
