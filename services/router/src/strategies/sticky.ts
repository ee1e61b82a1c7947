import { hashText, mixHashes, unitOf } from './stable-hash.ts';
import type { Candidate, TargetOrder } from './strategy.ts';

/**
 * Keeps a conversation on one target, where the provider's prompt cache knows it, in every replica and without memory:
 * weighted rendezvous hashing (Thaler and Ravishankar, 1998; weights by -w / ln u, Schindelhauer and Schomaker, 2005).
 * When a target leaves, only its conversations move; when one is out of order, each of its conversations has a second
 * target that stays the same too. A request without a conversation is ordered by the strategy.
 */
export function sticky<Of extends Candidate>(order: TargetOrder<Of>, targets: readonly Of[]): TargetOrder<Of> {
  if (targets.length < 2) return order;
  const seeds = targets.map((target) => ({ target, seed: hashText(target.key), weight: target.config.weight }));
  return (request) => {
    const conversation = request.conversation?.();
    if (conversation === undefined) return order(request);
    const hash = hashText(conversation);
    return seeds
      .map(({ target, seed, weight }) => ({ target, rank: -weight / Math.log(unitOf(mixHashes(seed, hash))) }))
      .sort((left, right) => right.rank - left.rank)
      .map(({ target }) => target);
  };
}
