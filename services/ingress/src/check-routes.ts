import { describeIssues, type Bus } from '@sluice/bus';
import { calls, guardrailCheckRequestSchema, maskRequestSchema, SluiceError, type Principal } from '@sluice/contracts';
import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import { readJson } from './read-json.ts';
import { ownerOf } from './request-owner.ts';
import type { RouteTable } from './route-table.ts';

export interface CheckRouteSurroundings {
  readonly routes: () => RouteTable;
  readonly bus: Pick<Bus, 'request' | 'maxPayloadBytes'>;
}

const callTimeoutMs = 30_000;
/** Room in a message for what is added to the text: policy, direction, headers. */
const messageRoomBytes = 4_096;

/** Guardrail and masking asked for alone, without a model. */
export function registerCheckRoutes(server: FastifyInstance, surroundings: CheckRouteSurroundings): void {
  const { routes, bus } = surroundings;
  server.post('/v1/guardrails/check', (request) => {
    const principal = ownerOf(request);
    const body = readBody(guardrailCheckRequestSchema, request.body, bus.maxPayloadBytes - messageRoomBytes);
    return bus.request(
      calls.checkGuardrail,
      { ...body, policy: choosePolicy(routes(), body.policy, principal) },
      { timeoutMs: callTimeoutMs },
    );
  });
  server.post('/v1/mask', (request) => {
    const principal = ownerOf(request);
    const body = readBody(maskRequestSchema, request.body, bus.maxPayloadBytes - messageRoomBytes);
    return bus.request(
      calls.checkMasking,
      { ...body, policy: choosePolicy(routes(), body.policy, principal) },
      { timeoutMs: callTimeoutMs },
    );
  });
}

function choosePolicy(routes: RouteTable, asked: string | undefined, principal: Principal): string {
  if (asked === undefined) return principal.policy;
  if (!routes.hasPolicy(asked))
    throw new SluiceError('invalid_request', `There is no policy "${asked.slice(0, 64)}"; leave the field out for your key's own.`, {
      param: 'policy',
    });
  return asked;
}

function readBody<Schema extends z.ZodType>(schema: Schema, body: unknown, limitBytes: number): z.output<Schema> {
  if (!(body instanceof Uint8Array))
    throw new SluiceError('invalid_request', 'Send the request as a JSON body with content-type application/json.');
  if (body.byteLength > limitBytes)
    throw new SluiceError('request_too_large', `A check takes at most ${limitBytes} bytes at once; check longer texts in parts.`);
  const parsed = schema.safeParse(readJson(body));
  if (!parsed.success) {
    const param = parsed.error.issues[0]?.path.join('.');
    throw new SluiceError('invalid_request', describeIssues(parsed.error), param === undefined || param === '' ? {} : { param });
  }
  return parsed.data;
}
