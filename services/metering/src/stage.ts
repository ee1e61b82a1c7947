import {
  defineStage,
  forward,
  refuse,
  type EventPublisher,
  type Outcome,
  type Stage,
  type StageContext,
  type StageRequest,
} from '@sluice/bus';
import {
  SluiceError,
  subjects,
  usageEventSubject,
  usageEventTypes,
  usageSubject,
  type Envelope,
  type MeteringPolicy,
  type UsageIntent,
} from '@sluice/contracts';
import type { Admission, AdmissionRequest, Refusal } from './admission.ts';
import type { InputCounter } from './count-input.ts';
import { explainRefusal } from './explain-refusal.ts';
import type { LeaseTraces } from './lease-traces.ts';
import type { OutputEstimates } from './output-estimates.ts';
import { reserveTokens } from './reserve-tokens.ts';

export interface MeteringSurroundings {
  readonly admission: Admission;
  readonly estimates: Pick<OutputEstimates, 'estimate'>;
  readonly counter: Pick<InputCounter, 'count'>;
  readonly traces: Pick<LeaseTraces, 'wait'>;
  readonly events: Pick<EventPublisher, 'publish' | 'unacknowledged'>;
  /** What a policy says of metering, by its name. */
  readonly policyOf: (name: string) => MeteringPolicy | undefined;
  readonly clock: () => number;
  readonly version: string;
  readonly concurrency: number;
  readonly defaultOutputTokens: number;
  readonly eventBacklog: number;
}

/**
 * Admission: limits and budgets of key, user, team, organisation, model and tags, then the intent event on the same
 * connection before the request goes on, so that nothing can reach a provider unannounced. Fails closed.
 */
export function createStage(surroundings: MeteringSurroundings): Stage {
  return defineStage({
    name: 'metering',
    version: surroundings.version,
    description: 'Admits requests within limits and budgets, and announces them to billing',
    concurrency: surroundings.concurrency,
    queueLimit: 0,
    handle: (request, context) => handle(surroundings, request, context),
  });
}

/** Synchronous while leases last: the request goes on in the turn in which it came. */
function handle(surroundings: MeteringSurroundings, request: StageRequest, context: StageContext): Outcome | Promise<Outcome> {
  const { admission, events, estimates } = surroundings;
  if (events.unacknowledged > surroundings.eventBacklog) {
    return refuse(
      new SluiceError('overloaded', 'Usage cannot be recorded at the moment, so nothing is admitted; retry shortly.', {
        retryAfterSeconds: 5,
      }),
    );
  }
  const { envelope, body } = request;
  const asked = askOf(surroundings, envelope, context, body.byteLength, estimates.estimate(envelope.principal.keyId, envelope.model));
  // A token has a byte at least, so where the bytes fit there is no need to count.
  const tight = asked.inputTokens > 0 && !admission.holds(envelope.id) && admission.isTight(asked, body.byteLength, asked.outputTokens);
  if (tight) return countThenAdmit(surroundings, request, context, asked);
  return admit(surroundings, envelope, context, asked);
}

async function countThenAdmit(
  surroundings: MeteringSurroundings,
  { envelope, body }: StageRequest,
  context: StageContext,
  asked: AdmissionRequest,
): Promise<Outcome> {
  const inputTokens = await surroundings.counter.count(envelope.dialect, await body.bytes());
  return admit(surroundings, envelope, context, inputTokens === undefined ? asked : { ...asked, inputTokens });
}

function admit(
  surroundings: MeteringSurroundings,
  envelope: Envelope,
  context: StageContext,
  asked: AdmissionRequest,
): Outcome | Promise<Outcome> {
  const { admission, traces } = surroundings;
  const announced = admission.holds(envelope.id); // sent round again: a repeat would leave a gap in our event sequence
  const result = admission.admit(asked);
  if (result instanceof Promise)
    return traces.wait(result).then((refusal) => conclude(surroundings, envelope, context, asked, refusal, announced));
  return conclude(surroundings, envelope, context, asked, result, announced);
}

function conclude(
  { admission, events, clock }: MeteringSurroundings,
  envelope: Envelope,
  context: StageContext,
  asked: AdmissionRequest,
  refusal: Refusal | undefined,
  announced: boolean,
): Outcome {
  const states = admission.states(asked);
  if (refusal !== undefined) return refuse(explainRefusal(refusal, clock()), { found: states });
  const { inputTokens, outputTokens } = asked;
  const cost = admission.cost(asked);
  const reserved = { inputTokens, outputTokens, ...(cost === undefined ? {} : { costNanoUsd: String(cost) }) };
  if (!announced) publishIntent(events, envelope, { reserved, ...leaseOf(admission, envelope.id) }, context);
  return forward({ found: { ...states, reservation: { instance: context.instance, ...reserved } } });
}

function askOf(
  { policyOf, defaultOutputTokens }: MeteringSurroundings,
  envelope: Envelope,
  { deadline }: StageContext,
  bodyBytes: number,
  expectedOutputTokens: number | undefined,
): AdmissionRequest {
  const { keyId, organization, team, policy } = envelope.principal;
  const { unpriced = 'refuse', withoutDatabase = 'refuse' } = policyOf(policy) ?? {};
  return {
    requestId: envelope.id,
    keyId,
    organization,
    team,
    user: envelope.user,
    tags: envelope.tags,
    model: envelope.model,
    ...reserveTokens(envelope, bodyBytes, expectedOutputTokens, defaultOutputTokens),
    deadline,
    unpriced,
    withoutDatabase,
  };
}

function publishIntent(
  events: Pick<EventPublisher, 'publish'>,
  envelope: Envelope,
  held: Pick<UsageIntent, 'reserved' | 'lease'>,
  { attempt, deadline }: StageContext,
): void {
  const { organization, team } = envelope.principal;
  const data: UsageIntent = { ...usageSubject(envelope), ...held, deadline };
  // Another replica may have announced the first attempt: under its id the stream would drop ours, and with it our number.
  const id = attempt === 1 ? `${envelope.id}:intent` : `${envelope.id}:intent-${attempt}`;
  events.publish(subjects.usage(organization, team), {
    id,
    type: usageEventTypes.intent,
    subject: usageEventSubject(envelope),
    data,
  });
}

function leaseOf(admission: Admission, requestId: string): Pick<UsageIntent, 'lease'> {
  const lease = admission.leaseOf(requestId);
  return lease === undefined ? {} : { lease };
}
