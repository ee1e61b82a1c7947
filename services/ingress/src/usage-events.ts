import type { UnsequencedEvent } from '@sluice/bus';
import {
  usageEventSubject,
  usageEventTypes,
  usageSubject,
  type Answer,
  type Envelope,
  type Failure,
  type UsageRefused,
  type UsageSettled,
} from '@sluice/contracts';
import { totalCost, totalUsage } from './attempt-totals.ts';

/** How a request ended, as its settlement says it. */
export interface Ending {
  readonly outcome: UsageSettled['outcome'];
  readonly status: number;
  readonly errorCode?: string;
  readonly latencyMs: number;
  readonly timeToFirstTokenMs?: number | undefined;
  /** Whether a provider may have been called that the end does not tell of. */
  readonly callsUnknown: boolean;
}

/** The settled event: what providers produced for the request, whether the client got it or not. */
export function settledEvent(envelope: Envelope, told: Answer | Failure, ending: Ending): UnsequencedEvent {
  const { attempts, found, guards } = told;
  const cost = totalCost(envelope.dialect, attempts);
  const priceVersion = attempts.find((attempt) => attempt.priceVersion !== undefined)?.priceVersion;
  const answer = 'stage' in told ? told : undefined;
  const data: UsageSettled = {
    ...usageSubject(envelope),
    outcome: ending.outcome,
    status: ending.status,
    ...(ending.errorCode === undefined ? {} : { errorCode: ending.errorCode }),
    ...(answer?.provider === undefined ? {} : { provider: answer.provider }),
    ...(answer?.model === undefined ? {} : { modelUsed: answer.model }),
    attempts,
    usage: totalUsage(attempts),
    ...(cost === undefined ? {} : { costNanoUsd: cost.toString() }),
    ...(priceVersion === undefined ? {} : { priceVersion }),
    ...(answer?.savedNanoUsd === undefined ? {} : { savedNanoUsd: answer.savedNanoUsd }),
    cache: found.cache?.state ?? 'bypass',
    ...(answer?.finishReason === undefined ? {} : { finishReason: answer.finishReason }),
    guards,
    ...(found.masking === undefined ? {} : { masked: found.masking.entities }),
    latencyMs: round(ending.latencyMs),
    ...(ending.timeToFirstTokenMs === undefined ? {} : { timeToFirstTokenMs: round(ending.timeToFirstTokenMs) }),
    admitted: found.metering?.reservation !== undefined,
    ...(ending.callsUnknown ? { callsUnknown: true } : {}),
    ...(found.metering?.reservation === undefined ? {} : { reservedBy: found.metering.reservation.instance }),
  };
  return { id: `${envelope.id}:settled`, type: usageEventTypes.settled, subject: usageEventSubject(envelope), data };
}

/** The refused event: the request was turned away before any provider was called. */
export function refusedEvent(envelope: Envelope, failure: Failure, ending: Ending): UnsequencedEvent {
  const data: UsageRefused = {
    ...usageSubject(envelope),
    status: ending.status,
    errorCode: failure.error.code,
    stage: failure.error.stage ?? 'ingress',
    guards: failure.guards,
    latencyMs: round(ending.latencyMs),
    admitted: failure.found.metering?.reservation !== undefined,
    ...(ending.callsUnknown ? { callsUnknown: true } : {}),
  };
  return { id: `${envelope.id}:refused`, type: usageEventTypes.refused, subject: usageEventSubject(envelope), data };
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 1_000) / 1_000;
}
