import type { JsonObject } from '../json-value.ts';
import type { Losses } from '../neutral/losses.ts';
import type { ModelRequest, ReasoningOptions } from '../neutral/model-request.ts';
import { budgetOfEffort, effortOfBudget } from '../neutral/reasoning-budget.ts';
import type { ClaudeModel } from './claude-model.ts';

/** Anthropic's least budget. */
const leastBudgetTokens = 1_024;

/** How the model is to think, and what that does to the output limit. */
interface ThinkingPlan {
  readonly thinking?: JsonObject;
  readonly effort?: string;
  readonly maxTokens: number;
}

/**
 * `thinking`, `output_config.effort` and `max_tokens`. Newer models are told an effort, older ones a number of tokens,
 * which the limit must exceed: it is raised by as much where it does not.
 */
export function encodeThinking(request: ModelRequest, model: ClaudeModel, losses: Losses): ThinkingPlan {
  const maxTokens = request.sampling.maxOutputTokens ?? model.defaultMaxTokens;
  const { reasoning } = request;
  if (reasoning === undefined) return { maxTokens };
  if (reasoning.enabled === false || reasoning.effort === 'none') return { ...withoutThinking(model, losses), maxTokens };
  if (model.adaptive && (reasoning.budgetTokens === undefined || !model.budgets)) {
    return { ...adaptiveThinking(reasoning, model, losses), maxTokens };
  }
  const budget = budgetOf(reasoning, request.sampling.maxOutputTokens ?? model.defaultMaxTokens, losses);
  if (budget === undefined || !canGoOn(request, losses)) return { maxTokens };
  return {
    thinking: { type: 'enabled', budget_tokens: budget },
    maxTokens: maxTokens > budget ? maxTokens : budget + maxTokens,
  };
}

function withoutThinking(model: ClaudeModel, losses: Losses): { thinking?: JsonObject; effort?: string } {
  if (!model.alwaysThinks) return model.adaptive ? { thinking: { type: 'disabled' } } : {};
  losses.hint('reasoning_effort');
  return { effort: 'low' };
}

function adaptiveThinking(reasoning: ReasoningOptions, model: ClaudeModel, losses: Losses): { thinking: JsonObject; effort?: string } {
  const thinking = { type: 'adaptive', ...(model.hidesThoughts ? { display: 'summarized' } : {}) };
  const asked = reasoning.effort ?? (reasoning.budgetTokens === undefined ? undefined : effortOfBudget(reasoning.budgetTokens));
  if (asked === undefined) return { thinking };
  const effort = nearestEffort(asked, model);
  if (effort === undefined) {
    losses.feature('reasoning_effort', `knows no effort "${asked}"`);
    return { thinking };
  }
  return { thinking, effort };
}

function nearestEffort(effort: string, model: ClaudeModel): string | undefined {
  if (effort === 'minimal') return 'low';
  if (effort === 'xhigh' && !model.xhigh) return 'high';
  return ['low', 'medium', 'high', 'xhigh', 'max'].includes(effort) ? effort : undefined;
}

function budgetOf(reasoning: ReasoningOptions, maxTokens: number, losses: Losses): number | undefined {
  if (reasoning.budgetTokens !== undefined) return Math.max(leastBudgetTokens, reasoning.budgetTokens);
  const effort = reasoning.effort ?? 'medium';
  const budget = budgetOfEffort(effort, maxTokens);
  if (budget === undefined) losses.feature('reasoning_effort', `knows no effort "${effort}"`);
  return budget;
}

/**
 * A model that is given a budget refuses to go on after its tool's results unless the turn begins with the thought that
 * led there. Clients of other dialects often lose it; then the turn is finished without thinking.
 */
function canGoOn({ turns }: ModelRequest, losses: Losses): boolean {
  const last = turns.findLastIndex((turn) => turn.role === 'assistant');
  const turn = turns[last];
  if (!turn?.parts.some((part) => part.type === 'tool-call')) return true;
  if (turns.slice(last + 1).some((later) => later.role === 'user')) return true;
  const [first] = turn.parts;
  if (first?.type === 'reasoning' && first.signature?.wire === 'anthropic-messages') return true;
  losses.hint('reasoning_effort');
  return false;
}
