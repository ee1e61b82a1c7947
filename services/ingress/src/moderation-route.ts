import { SluiceError, calls } from '@sluice/contracts';
import type { FastifyInstance } from 'fastify';
import type { CheckRouteSurroundings } from './check-routes.ts';
import { readModerationInputs } from './moderation-inputs.ts';
import { moderationResult } from './moderation-result.ts';
import { readJson } from './read-json.ts';
import { ownerOf } from './request-owner.ts';

const callTimeoutMs = 30_000;
/** Room in a message for what is added to the text. */
const messageRoomBytes = 4_096;

/** OpenAI's moderations, answered by the guardrail under the policy of the key. */
export function registerModerationRoute(server: FastifyInstance, { bus }: Pick<CheckRouteSurroundings, 'bus'>): void {
  server.post('/v1/moderations', async (request) => {
    const { policy } = ownerOf(request);
    if (!(request.body instanceof Uint8Array))
      throw new SluiceError('invalid_request', 'Send the request as a JSON body with content-type application/json.');
    const inputs = readModerationInputs(readJson(request.body), bus.maxPayloadBytes - messageRoomBytes);
    const verdicts = await Promise.all(
      inputs.map((input) => bus.request(calls.checkGuardrail, { input, direction: 'input', policy }, { timeoutMs: callTimeoutMs })),
    );
    return { id: `modr-${request.id}`, model: 'sluice-guardrail', results: verdicts.map(moderationResult) };
  });
}
