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
  type UsageIntent,
} from '@sluice/contracts';
import type { Admission } from './admission.ts';
import { reserveTokens } from './reserve-tokens.ts';
import type { LimitName, Refusal } from './scope.ts';

export interface MeteringSurroundings {
  readonly admission: Admission;
  readonly events: Pick<EventPublisher, 'publish' | 'unacknowledged'>;
  readonly clock: () => number;
  readonly version: string;
  readonly concurrency: number;
  readonly defaultOutputTokens: number;
  readonly eventBacklog: number;
}

/**
 * Admission: limits of key, team and organisation, then the intent event on the same connection before the request
 * goes on, so that nothing can reach a provider unannounced. Fails closed.
 */
export function createStage(surroundings: MeteringSurroundings): Stage {
  return defineStage({
    name: 'metering',
    version: surroundings.version,
    description: 'Admits requests within the limits of key, team and organisation, and announces them to billing',
    concurrency: surroundings.concurrency,
    queueLimit: 0,
    handle: (request, context) => admit(surroundings, request, context),
  });
}

function admit(surroundings: MeteringSurroundings, { envelope, body }: StageRequest, context: StageContext): Outcome {
  const { admission, events, clock } = surroundings;
  if (events.unacknowledged > surroundings.eventBacklog) {
    return refuse(
      new SluiceError('overloaded', 'Usage cannot be recorded at the moment, so nothing is admitted; retry shortly.', {
        retryAfterSeconds: 5,
      }),
    );
  }
  const now = clock();
  const { principal } = envelope;
  const reserved = reserveTokens(envelope, body.byteLength, surroundings.defaultOutputTokens);
  const { keyId, organization, team } = principal;
  const announced = admission.holds(envelope.id); // sent round again: a repeat would leave a gap in our event sequence
  const refusal = admission.admit(now, { requestId: envelope.id, keyId, organization, team, ...reserved, deadline: context.deadline });
  const states = admission.states(now, keyId, organization, team);
  if (refusal !== undefined) return refuse(explain(refusal), { found: states });
  if (!announced) publishIntent(events, envelope, reserved, context);
  return forward({ found: { ...states, reservation: { instance: context.instance, ...reserved } } });
}

function publishIntent(
  events: Pick<EventPublisher, 'publish'>,
  envelope: Envelope,
  reserved: UsageIntent['reserved'],
  { attempt, deadline }: StageContext,
): void {
  const { organization, team } = envelope.principal;
  const data: UsageIntent = {
    ...usageSubject(envelope),
    reserved,
    deadline,
  };
  // Another replica may have announced the first attempt: under its id the stream would drop ours, and with it our number.
  const id = attempt === 1 ? `${envelope.id}:intent` : `${envelope.id}:intent-${attempt}`;
  events.publish(subjects.usage(organization, team), {
    id,
    type: usageEventTypes.intent,
    subject: usageEventSubject(envelope),
    data,
  });
}

const limitWords: Record<LimitName, (allowed: number) => string> = {
  requestsPerMinute: (allowed) => `${allowed} requests a minute`,
  tokensPerMinute: (allowed) => `${allowed} tokens a minute`,
  concurrency: (allowed) => `${allowed} requests at once`,
};

function explain({ scope, limit, allowed, retryMs }: Refusal): SluiceError {
  const retryAfterSeconds = Math.max(1, Math.ceil(retryMs / 1_000));
  return new SluiceError(
    'rate_limit_exceeded',
    `The ${scope.kind} "${scope.name}" has reached its limit of ${limitWords[limit](allowed)} (${limit}); retry in ${retryAfterSeconds} s.`,
    { retryAfterSeconds },
  );
}
