import { headers as headerNames, subjects, type Envelope } from '@sluice/contracts';
import type { NatsConnection } from 'nats';
import type { TraceContext } from './bus.ts';
import { HeaderBlock } from './header-block.ts';
import type { LiveSlip } from './live-slip.ts';
import { publishMessage } from './publish-message.ts';

/** One attempt of a request, as it goes to the first stage of its slip. */
interface OutgoingRequest {
  readonly slip: LiveSlip;
  readonly envelope: Envelope;
  /** The body, or undefined where it is in the object store under {@link claim}. */
  readonly body: Uint8Array | undefined;
  readonly claim: string | undefined;
  /** Epoch ms. */
  readonly deadline: number;
  readonly attempt: number;
  readonly trace: TraceContext | undefined;
  /** Inbox for what the stages say of it. */
  readonly reply: string;
}

/** Sends one attempt of a request on its way. */
export function publishRequest(connection: NatsConnection, request: OutgoingRequest): void {
  const { slip, envelope, body, claim, deadline, attempt, trace, reply } = request;
  const text = JSON.stringify(envelope);
  const textBytes = Buffer.byteLength(text);
  const headers = new HeaderBlock()
    .set(headerNames.envelope, textBytes)
    .set(headerNames.deadline, deadline)
    .set(headerNames.attempt, attempt)
    .set(headerNames.slip, slip.rest.length > 0 ? slip.rest.join(',') : undefined)
    .set(headerNames.claim, claim)
    .set(headerNames.traceparent, trace?.traceparent)
    .set(headerNames.tracestate, trace?.tracestate);
  publishMessage(connection, { subject: subjects.stage(slip.first), reply, headers, text, textBytes, rest: body });
}
