/**
 * Scale on which amounts are compared: square root for a few requests, logarithm for many, so that chance alone moves it by about one
 * whatever the level. It is the variance-stabilising transform of the negative binomial with dispersion 1/4 (F. J. Anscombe, Biometrika 35,
 * 1948, 246-254); one step is about 1.65 times as much where requests are many.
 */
const steepness = 4;

/** @param count an amount in units of what one request usually is, not negative */
export function scoreOf(count: number): number {
  return steepness * Math.asinh(Math.sqrt(count) / 2);
}

/** The count that has this score. */
export function countOf(score: number): number {
  return score <= 0 ? 0 : 4 * Math.sinh(score / steepness) ** 2;
}
