import type { Candidate, Strategy } from './strategy.ts';

/**
 * The better of two drawn at random, by expected time to first token and calls under way: choosing the best of all
 * would send every replica's requests to one target at once. The others follow, the best first.
 *
 * Power of two choices: Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001.
 */
export const latency: Strategy = <Of extends Candidate>(targets: readonly Of[], { clock, random }: Parameters<Strategy>[1]) => {
  if (targets.length < 2) return () => targets;
  return () => {
    const now = clock();
    const ranked = targets.map((target) => ({ target, cost: target.health.load.cost(now) }));
    const first = Math.floor(random() * ranked.length);
    const second = (first + 1 + Math.floor(random() * (ranked.length - 1))) % ranked.length;
    const [one, other] = [ranked[first], ranked[second]];
    const chosen = one === undefined || (other !== undefined && other.cost < one.cost) ? other : one;
    return ranked.sort((left, right) => place(left) - place(right) || left.cost - right.cost).map(({ target }) => target);

    function place(entry: unknown): number {
      return entry === chosen ? 0 : 1;
    }
  };
};
