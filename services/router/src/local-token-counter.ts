import { type Outcome, reply } from '@sluice/bus';
import { type CountTokens, loadTokenCounter } from '@sluice/catalog';
import { countableRequest, estimateInputTokens } from '@sluice/dialects';
import { parseBody } from './endpoints/translated-endpoint.ts';

/** Counts the tokens of a request's body. */
export type CountRequest = (body: Uint8Array) => Promise<Outcome>;

/**
 * Answers `/v1/messages/count_tokens` for providers that have no such interface: an estimate by OpenAI's encoding, the
 * only one that is published. No provider is called, so nothing is billed.
 */
export function createLocalCounter(): CountRequest {
  let counter: ReturnType<typeof loadTokenCounter> | undefined;
  return async (body) => {
    counter ??= loadTokenCounter();
    return countTokens(body, await counter);
  };
}

function countTokens(body: Uint8Array, count: CountTokens): Outcome {
  const tokens = estimateInputTokens(countableRequest(parseBody(body)), count);
  return reply({
    answer: { status: 200, contentType: 'application/json', attempts: [] },
    body: Buffer.from(JSON.stringify({ input_tokens: tokens })),
  });
}
