import type { Candidate, Strategy } from './strategy.ts';

/** The cheapest by catalogue price first; a target without a price comes last, for nobody knows what it costs. */
export const cost: Strategy = (targets) => {
  const ordered = [...targets].sort(byPrice);
  return () => ordered;
};

function byPrice(left: Candidate, right: Candidate): number {
  if (left.price === undefined || right.price === undefined) {
    return Number(left.price === undefined) - Number(right.price === undefined);
  }
  const difference = left.price.comparable - right.price.comparable;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
