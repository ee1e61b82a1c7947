import type { Bus } from '@sluice/bus';
import { calls, type Envelope } from '@sluice/contracts';
import type { z } from 'zod';

/** What metering said: `unanswered` where it said nothing in time, which leaves nothing to use either. */
export type Word = 'granted' | 'refused' | 'unanswered';

type ExtensionRequest = z.input<typeof calls.extendReservation.request>;

/** What is asked beyond a reservation. */
export type More = Pick<ExtensionRequest, 'inputTokens' | 'outputTokens' | 'pricedAs'>;

/** What it is for. */
export type Purpose = 'stream' | 'call';

/**
 * Asks metering.
 * @param instance who reserved for the request
 * @throws where nobody answers
 */
export type Extend = (request: ExtensionRequest, instance: string | undefined) => Promise<boolean>;

export type AskForMore = (envelope: Envelope, deadline: number, more: More, purpose: Purpose) => Promise<Word>;

/**
 * How long metering may take: it waits itself for quota that may come free (`METERING_PATIENCE_MS`, at most 1.9 s).
 */
const extensionTimeoutMs = 2_000;

/** Asks the instance of metering that holds the reservation, and any other where that is gone. */
export function extendOver(bus: Pick<Bus, 'request'>): Extend {
  return async (request, instance) =>
    (await bus.request(calls.extendReservation, request, { timeoutMs: extensionTimeoutMs, instance })).granted;
}

/** Asks metering for more. It fails closed: where nobody answers nothing more is used. */
export function askForMore(extend: Extend, asked: (purpose: Purpose, word: Word) => void): AskForMore {
  return async (envelope, deadline, more, purpose) => {
    const word = await wordOf(extend, requestOf(envelope, deadline, more), envelope.found.metering?.reservation?.instance);
    asked(purpose, word);
    return word;
  };
}

async function wordOf(extend: Extend, request: ExtensionRequest, instance: string | undefined): Promise<Word> {
  try {
    return (await extend(request, instance)) ? 'granted' : 'refused';
  } catch {
    return 'unanswered';
  }
}

function requestOf({ id, principal, user, tags, model }: Envelope, deadline: number, more: More): ExtensionRequest {
  const { organization, team, keyId, policy } = principal;
  return { requestId: id, organization, team, keyId, ...(user === undefined ? {} : { user }), tags, model, policy, ...more, deadline };
}
