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

/** Asks metering; @throws where nobody answers */
export type Extend = (request: ExtensionRequest) => Promise<boolean>;

export type AskForMore = (envelope: Envelope, deadline: number, more: More, purpose: Purpose) => Promise<Word>;

/**
 * How long metering may take: it waits itself for quota that may come free (`METERING_PATIENCE_MS`, at most 1.9 s).
 */
const extensionTimeoutMs = 2_000;

/** Asks whichever instance of metering answers first. */
export function extendOver(bus: Pick<Bus, 'request'>): Extend {
  return async (request) => (await bus.request(calls.extendReservation, request, { timeoutMs: extensionTimeoutMs })).granted;
}

/** Asks metering for more. It fails closed: where nobody answers nothing more is used. */
export function askForMore(extend: Extend, asked: (purpose: Purpose, word: Word) => void): AskForMore {
  return async (envelope, deadline, more, purpose) => {
    const word = await wordOf(extend, requestOf(envelope, deadline, more));
    asked(purpose, word);
    return word;
  };
}

async function wordOf(extend: Extend, request: ExtensionRequest): Promise<Word> {
  try {
    return (await extend(request)) ? 'granted' : 'refused';
  } catch {
    return 'unanswered';
  }
}

function requestOf({ id, principal, user, tags, model }: Envelope, deadline: number, more: More): ExtensionRequest {
  const { organization, team, keyId } = principal;
  return { requestId: id, organization, team, keyId, ...(user === undefined ? {} : { user }), tags, model, ...more, deadline };
}
