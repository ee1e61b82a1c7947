import type { AnomaliesConfig } from '@sluice/contracts';

/** What a detector may raise, made from an organisation's configuration. */
export interface Sensitivity {
  /** Probability with which an ordinary hour of a key may exceed one bound. */
  readonly hourlyProbability: number;
  /** Windows below these amounts raise nothing, whatever is usual. */
  readonly minimum: { readonly tokens: number; readonly costNanoUsd: number; readonly requests: number };
  /** What a window of a key that is hardly known must exceed. */
  readonly newKey: { readonly tokens: number; readonly costNanoUsd: number };
  /** Alarms when a key that is never quiet at this hour is silent. */
  readonly silence: boolean;
}

const hoursPerMonth = 720;
/** Usage, errors, refusals. */
const families = 3;
/** Windows and measures of a family that are not the same thing again: they overlap, so ten bounds break like about four. */
const independentBounds = 4;
const nanoUsdPerUsd = 1e9;

export function sensitivityOf({ falseAlarms, minimum, newKey, silence }: AnomaliesConfig): Sensitivity {
  return {
    hourlyProbability: falseAlarms / (hoursPerMonth * families * independentBounds),
    minimum: { tokens: minimum.tokens, costNanoUsd: minimum.usd * nanoUsdPerUsd, requests: minimum.requests },
    newKey: { tokens: newKey.tokens, costNanoUsd: newKey.usd * nanoUsdPerUsd },
    silence,
  };
}
