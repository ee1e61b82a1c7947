import type { Envelope, ModelConfig } from '@sluice/contracts';

/** Facts of a request, besides its body, on which the conditions of a model's targets depend. */
export interface DecidingFacts {
  /** Names of chargeback tags. */
  readonly tags: readonly string[];
  readonly team: boolean;
  readonly user: boolean;
  readonly stream: boolean;
}

/** Undefined where every target of the model stands for every request, which is the rule. */
export function decidingFacts({ targets }: Pick<ModelConfig, 'targets'>): DecidingFacts | undefined {
  const conditions = targets.flatMap((target) => target.when ?? []);
  if (conditions.length === 0) return undefined;
  return {
    tags: [...new Set(conditions.flatMap((condition) => Object.keys(condition.tags ?? {})))].sort(),
    team: conditions.some((condition) => condition.teams !== undefined),
    user: conditions.some((condition) => condition.users !== undefined),
    stream: conditions.some((condition) => condition.stream !== undefined),
  };
}

/** What a request says to them; requests that differ here may go to different models and share no answer. Organisations never share any. */
export function decidingValues({ principal, tags, user, stream }: Envelope, facts: DecidingFacts): unknown[] {
  return [
    facts.tags.map((name) => tags[name] ?? null),
    facts.team ? principal.team : null,
    facts.user ? (user ?? null) : null,
    facts.stream ? stream : null,
  ];
}
