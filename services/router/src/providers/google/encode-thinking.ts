import { budgetOfEffort, effortOfBudget, type JsonObject, type Losses, type ModelRequest, type ReasoningOptions } from '@sluice/dialects';
import type { GeminiModel } from './gemini-model.ts';

const levelOfEffort: Readonly<Record<string, string>> = {
  none: 'MINIMAL',
  minimal: 'MINIMAL',
  low: 'LOW',
  medium: 'MEDIUM',
  high: 'HIGH',
  xhigh: 'HIGH',
  max: 'HIGH',
};

/** `thinkingConfig`; undefined where the model is left to itself. Level and budget together would be refused. */
export function encodeThinking(request: ModelRequest, model: GeminiModel, losses: Losses): JsonObject | undefined {
  const options = request.reasoning;
  if (options === undefined) return undefined;
  const field = fieldOf(request);
  const off = options.enabled === false || options.effort === 'none' || options.budgetTokens === 0;
  if (model.thinking === 'none') {
    if (!off) losses.feature(field, 'does not think with this model');
    return undefined;
  }
  const shown = !off && options.summary !== undefined && options.summary !== 'none' ? { includeThoughts: true } : {};
  const amount =
    model.thinking === 'level' ? levelOf(options, off, model) : budgetOf(options, off, request.sampling.maxOutputTokens, model);
  // Thinking less is the nearest to none: the answer is the same in kind, so the client is told and not refused.
  if (off && (model.thinking === 'level' || model.budget.least > 0)) losses.hint(field);
  const config = { ...amount, ...shown };
  return Object.keys(config).length === 0 ? undefined : config;
}

function levelOf(options: ReasoningOptions, off: boolean, model: GeminiModel): JsonObject {
  const effort = off ? 'none' : (options.effort ?? (options.budgetTokens === undefined ? undefined : effortOfBudget(options.budgetTokens)));
  // A word that nobody knows is for Google to judge.
  const level = effort === undefined ? undefined : (levelOfEffort[effort] ?? effort.toUpperCase());
  return level === undefined ? {} : { thinkingLevel: model.nearestLevel[level] ?? level };
}

function budgetOf(options: ReasoningOptions, off: boolean, maxOutputTokens: number | undefined, model: GeminiModel): JsonObject {
  const { least, most } = model.budget;
  if (off) return { thinkingBudget: least };
  const wanted = options.budgetTokens ?? (options.effort === undefined ? undefined : budgetOfEffort(options.effort, maxOutputTokens));
  return wanted === undefined ? {} : { thinkingBudget: Math.min(Math.max(wanted, least), most) };
}

function fieldOf(request: ModelRequest): string {
  if (request.source === 'openai-chat') return 'reasoning_effort';
  return request.source === 'anthropic-messages' ? 'thinking' : 'reasoning';
}
