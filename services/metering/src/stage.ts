import {
  defineStage,
  drop,
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
  intentIdOf,
  subjects,
  usageEventSubject,
  usageEventTypes,
  usageSubject,
  type Envelope,
  type MeteringPolicy,
  type Throttle,
  type UsageIntent,
} from '@sluice/contracts';
import type { Admission } from './admission/admission.ts';
import type { AdmissionRequest } from './admission/admission-request.ts';
import type { InputCounter } from './estimates/count-input.ts';
import { explainRefusal } from './admission/explain-refusal.ts';
import type { KnownKeys } from './limits/known-keys.ts';
import type { LeaseTraces } from './leases/lease-traces.ts';
import type { OutputEstimates } from './estimates/output-estimates.ts';
import type { Refusal } from './admission/refusal.ts';
import type { Reservation } from './admission/reservation.ts';
import { reserveTokens } from './estimates/reserve-tokens.ts';

/** Longest wait for the snapshot that has a key, from its request's dispatch on: below the hop budget. */
const keyPatienceMs = 1_000;

export interface MeteringSurroundings {
  readonly admission: Admission;
  readonly estimates: Pick<OutputEstimates, 'estimate'>;
  readonly counter: Pick<InputCounter, 'count'>;
  readonly keys: Pick<KnownKeys, 'has' | 'wait'>;
  readonly traces: Pick<LeaseTraces, 'wait'>;
  readonly events: Pick<EventPublisher, 'publish' | 'unacknowledged' | 'isSafe'>;
  /** How a key is slowed after an anomaly. */
  readonly throttleOf: (keyId: string) => Throttle | undefined;
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
  const { admission, events } = surroundings;
  if (events.unacknowledged > surroundings.eventBacklog || !events.isSafe) {
    return refuse(
      new SluiceError('overloaded', 'Usage cannot be recorded at the moment, so nothing is admitted; retry shortly.', {
        retryAfterSeconds: 5,
      }),
    );
  }
  const { envelope, body } = request;
  if (!surroundings.keys.has(envelope.principal.keyId)) return awaitKey(surroundings, request, context);
  const asked = askOf(surroundings, envelope, context, body.byteLength);
  const announced = admission.holds(envelope.id); // sent round again: a repeat would leave a gap in our event sequence
  const result = admission.admit(asked);
  const end = (refusal: Refusal | undefined): Outcome | Promise<Outcome> =>
    conclude(surroundings, envelope, context, asked, refusal, announced);
  if (result === 'count') return countThenAdmit(surroundings, request, context, asked);
  return result instanceof Promise ? surroundings.traces.wait(result).then(end) : end(result);
}

/** A key that control knows and we do not was made a moment ago, or revoked: without its limits nothing of it is admitted. */
async function awaitKey(surroundings: MeteringSurroundings, request: StageRequest, context: StageContext): Promise<Outcome> {
  const now = surroundings.clock();
  const { dispatchedAt, principal } = request.envelope;
  const until = Math.min(Math.min(dispatchedAt, now) + keyPatienceMs, context.deadline);
  if (await surroundings.keys.wait(principal.keyId, until - now)) return handle(surroundings, request, context);
  return refuseUnlessHeld(
    refuse(new SluiceError('stage_unavailable', 'The limits of this key are not known yet; retry shortly.', { stage: 'metering' })),
    context,
  );
}

/** Another attempt may have been admitted by another replica and be calling a provider: that one answers. */
function refuseUnlessHeld(refused: Outcome, context: StageContext): Outcome | Promise<Outcome> {
  return context.claimRequired ? context.claim().then((granted) => (granted ? refused : drop())) : refused;
}

async function countThenAdmit(
  surroundings: MeteringSurroundings,
  { envelope, body }: StageRequest,
  context: StageContext,
  asked: AdmissionRequest,
): Promise<Outcome> {
  const inputTokens = (await surroundings.counter.count(envelope.dialect, await body.bytes())) ?? asked.inputTokens;
  const counted = { ...asked, inputTokens, mostInputTokens: Math.max(inputTokens, asked.mostInputTokens), counted: true };
  const announced = surroundings.admission.holds(envelope.id);
  const admitted = surroundings.admission.admit(counted);
  const result = admitted instanceof Promise ? await surroundings.traces.wait(admitted) : admitted;
  // What was counted is not counted again.
  return conclude(surroundings, envelope, context, counted, result === 'count' ? undefined : result, announced);
}

function conclude(
  { admission, events, clock, throttleOf }: MeteringSurroundings,
  envelope: Envelope,
  context: StageContext,
  asked: AdmissionRequest,
  refusal: Refusal | undefined,
  announced: boolean,
): Outcome | Promise<Outcome> {
  const states = admission.states(asked);
  if (refusal !== undefined) {
    return refuseUnlessHeld(refuse(explainRefusal(refusal, clock(), throttleOf(asked.keyId)), { found: states }), context);
  }
  const { inputTokens, outputTokens } = asked;
  const cost = admission.cost(asked.model, inputTokens, outputTokens);
  const reserved = { inputTokens, outputTokens, ...(cost === undefined ? {} : { costNanoUsd: String(cost) }) };
  if (!announced) publishIntent(events, envelope, { reserved, ...leaseOf(admission.reservationOf(envelope.id)) }, context);
  const bound = admission.isBound(asked) ? { bound: true } : {};
  return forward({ found: { ...states, reservation: { instance: context.instance, ...reserved, ...bound } } });
}

function askOf(
  { admission, estimates, policyOf, defaultOutputTokens }: MeteringSurroundings,
  envelope: Envelope,
  { attempt, deadline }: StageContext,
  bodyBytes: number,
): AdmissionRequest {
  const { principal, model } = envelope;
  const { keyId, organization, team, policy } = principal;
  const metering = policyOf(policy);
  const tokens = reserveTokens(envelope, bodyBytes, {
    learned: estimates.estimate(keyId, model),
    unlearned: defaultOutputTokens,
    most: admission.mostOutputTokens(model),
  });
  return {
    requestId: envelope.id,
    keyId,
    organization,
    team,
    user: envelope.user,
    tags: envelope.tags,
    model,
    inputTokens: tokens.inputTokens,
    outputTokens: tokens.outputTokens,
    mostInputTokens: tokens.mostInputTokens,
    mostOutputTokens: tokens.mostOutputTokens,
    counted: false,
    deadline,
    attempt,
    dispatchedAt: envelope.dispatchedAt,
    unpriced: metering?.unpriced ?? 'refuse',
    withoutDatabase: metering?.withoutDatabase ?? 'refuse',
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
  events.publish(subjects.usage(organization, team), {
    id: intentIdOf(envelope.id, attempt),
    type: usageEventTypes.intent,
    subject: usageEventSubject(envelope),
    data,
  });
}

/** Whose lease it was taken from, and the most that is held where that is more than what is expected. */
function leaseOf(reservation: Reservation | undefined): Pick<UsageIntent, 'lease'> {
  if (reservation === undefined) return {};
  const { holder, number, expected, most } = reservation;
  if (most.input === expected.input && most.output === expected.output) return { lease: { holder, number } };
  return {
    lease: { holder, number, most: { inputTokens: most.input, outputTokens: most.output, costNanoUsd: String(most.nanoUsd) } },
  };
}
