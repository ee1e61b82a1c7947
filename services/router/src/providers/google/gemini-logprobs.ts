import type { JsonObject } from '@sluice/dialects';
import { objectAt, objectsAt, textAt } from './json-fields.ts';

/** Gemini's log probabilities as `logprobs` of an OpenAI chat choice; undefined where there are none. */
export function readLogprobs(candidate: JsonObject): { readonly content: readonly JsonObject[] } | undefined {
  const result = objectAt(candidate, 'logprobsResult');
  if (result === undefined) return undefined;
  const alternatives = objectsAt(result, 'topCandidates');
  const content = objectsAt(result, 'chosenCandidates').map((chosen, step) => ({
    ...tokenOf(chosen),
    top_logprobs: objectsAt(alternatives[step] ?? {}, 'candidates').map(tokenOf),
  }));
  return content.length === 0 ? undefined : { content };
}

function tokenOf(candidate: JsonObject): JsonObject {
  const token = textAt(candidate, 'token') ?? '';
  return { token, logprob: candidate.logProbability ?? 0, bytes: [...Buffer.from(token)] };
}
