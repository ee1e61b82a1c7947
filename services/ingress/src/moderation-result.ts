import { detectorNames, type GuardrailCheckResponse } from '@sluice/contracts';

/** OpenAI's categories; its clients read each of them. Our detectors look for none, which the empty list of input types tells. */
const openaiCategories = [
  'harassment',
  'harassment/threatening',
  'hate',
  'hate/threatening',
  'illicit',
  'illicit/violent',
  'self-harm',
  'self-harm/instructions',
  'self-harm/intent',
  'sexual',
  'sexual/minors',
  'violence',
  'violence/graphic',
] as const;

/** One result of OpenAI's moderations. Our detectors are categories of their own: `injection`, and below it `injection/jailbreak`. */
export interface ModerationResult {
  readonly flagged: boolean;
  readonly categories: Readonly<Record<string, boolean>>;
  readonly category_scores: Readonly<Record<string, number>>;
  readonly category_applied_input_types: Readonly<Record<string, readonly 'text'[]>>;
}

/** The guardrail's verdict in OpenAI's words. Flagged is what the policy would flag, redact or block. */
export function moderationResult({ action, score, detections, coverage }: GuardrailCheckResponse): ModerationResult {
  const scores = new Map<string, number>();
  const raise = (category: string, value: number) => scores.set(category, Math.max(value, scores.get(category) ?? 0));
  const found = new Set<string>();
  for (const name of [...openaiCategories, ...detectorNames]) raise(name, 0);
  for (const { detector, category, score: certainty } of detections) {
    for (const name of [detector, `${detector}/${category}`]) {
      found.add(name);
      raise(name, certainty);
    }
  }
  if (coverage.detectors.includes('injection')) raise('injection', score); // also below the threshold
  const names = [...scores.keys()];
  const ran = (name: string) => coverage.detectors.includes(name.split('/', 1)[0] ?? '');
  return {
    flagged: action !== 'allow',
    categories: Object.fromEntries(names.map((name) => [name, found.has(name)])),
    category_scores: Object.fromEntries(scores),
    category_applied_input_types: Object.fromEntries(names.map((name) => [name, ran(name) ? ['text' as const] : []])),
  };
}
