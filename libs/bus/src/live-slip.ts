import { SluiceError, type Envelope } from '@sluice/contracts';
import type { Dispatch, PresenceTable } from './bus.ts';

/** The stages that a request passes now. */
export interface LiveSlip {
  readonly first: string;
  readonly rest: readonly string[];
  /** What was left out because nobody does it. */
  readonly skipped: Envelope['guards'];
}

/**
 * Makes the slip of an attempt, for stages come and go between attempts.
 * @returns the error where the request must not go without a stage that is away, or no stage is left
 */
export function liveSlip(
  { slip, onUnavailable }: Pick<Dispatch, 'slip' | 'onUnavailable'>,
  presence: PresenceTable,
): LiveSlip | SluiceError {
  const live: string[] = [];
  const skipped: Envelope['guards'] = [];
  for (const stage of slip) {
    if (presence.isLive(stage)) live.push(stage);
    else if (onUnavailable(stage) === 'skip') skipped.push({ guard: stage, ran: false, reason: 'unavailable' });
    else return new SluiceError('stage_unavailable', `The stage "${stage}" is not available; retry shortly.`, { stage });
  }
  const [first, ...rest] = live;
  if (first === undefined) return new SluiceError('stage_unavailable', 'No stage of the pipeline is available; retry shortly.');
  return { first, rest, skipped };
}
