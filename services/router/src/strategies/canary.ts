import type { Candidate, Strategy } from './strategy.ts';
import type { RouteFacts } from './route-facts.ts';
import { hashText, mixHashes, unitOf } from './stable-hash.ts';

/**
 * So many percent of the users to each target that states a share, the rest to the first that states none (the first
 * of all where each states one). A user stays on one side, in every replica; who is on the new side stays there while its
 * share grows. Without a user the conversation decides, without both the request.
 */
export const canary: Strategy = <Of extends Candidate>(targets: readonly Of[]) => {
  const shares = targets.filter(({ config }) => config.percent !== undefined);
  const stable = targets.filter(({ config }) => config.percent === undefined);
  const rest = [...stable, ...shares];
  const orders = shares.map((chosen) => [chosen, ...rest.filter((target) => target !== chosen)]);
  const fallback = stable.length > 0 ? rest : targets;
  if (shares.length === 0) return () => targets;
  // Another model's canary draws other users: one user is not always the first to meet what is new.
  const salt = targets.reduce((hash, { key }) => mixHashes(hash, hashText(key)), 0);
  return (request) => {
    let drawn = unitOf(mixHashes(salt, hashText(subjectOf(request)))) * 100;
    for (const [index, { config }] of shares.entries()) {
      drawn -= config.percent ?? 0;
      if (drawn < 0) return orders[index] ?? fallback;
    }
    return fallback;
  };
};

function subjectOf({ envelope, conversation }: RouteFacts): string {
  return envelope.user ?? conversation?.() ?? envelope.id;
}
