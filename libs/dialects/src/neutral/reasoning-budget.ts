/**
 * Thinking tokens for an effort where a format knows numbers only. Shares of the output limit as OpenRouter's documentation
 * states them (2026): 95, 80, 50, 20 and 10 percent.
 */
const sharesOfEffort: Readonly<Record<string, number>> = { max: 0.95, xhigh: 0.95, high: 0.8, medium: 0.5, low: 0.2, minimal: 0.1 };

/** Output limit taken for a request that sets none. */
const assumedOutputTokens = 16_384;
/** Anthropic's least budget. */
const leastBudgetTokens = 1_024;

/** Tokens of thought for an effort; 0 for `none`; undefined for a word that nobody knows. */
export function budgetOfEffort(effort: string, maxOutputTokens: number | undefined): number | undefined {
  if (effort === 'none') return 0;
  const share = sharesOfEffort[effort];
  if (share === undefined) return undefined;
  return Math.max(leastBudgetTokens, Math.floor((maxOutputTokens ?? assumedOutputTokens) * share));
}

/** The effort that comes nearest to a number of thinking tokens. */
export function effortOfBudget(budgetTokens: number): 'low' | 'medium' | 'high' {
  if (budgetTokens <= 4_096) return 'low';
  return budgetTokens <= 12_288 ? 'medium' : 'high';
}
