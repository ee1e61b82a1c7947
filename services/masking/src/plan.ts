import type { MaskingPolicy, PolicyConfig, Snapshot } from '@sluice/contracts';
import { contextPattern } from './context-words.ts';
import type { Recogniser } from './recogniser.ts';
import { recognisers } from './recognisers/index.ts';

export type MaskingAction = MaskingPolicy['entities'][string];

export interface Rule {
  readonly type: string;
  readonly action: MaskingAction;
  readonly recogniser: Recogniser;
  readonly context: RegExp | undefined;
}

/** A masking policy made ready to run. */
export interface MaskingPlan {
  readonly rules: readonly Rule[];
  /** Types that the policy wants masked or blocked and that no recogniser finds: told with each answer, never passed over in silence. */
  readonly unsupported: readonly string[];
  readonly minScore: number;
  /** False where the policy masks and blocks nothing. */
  readonly active: boolean;
}

const recogniserOf: ReadonlyMap<string, Recogniser> = new Map(recognisers.map((recogniser) => [recogniser.type, recogniser]));

export function compilePlan(policy: MaskingPolicy): MaskingPlan {
  const entries = Object.entries(policy.entities);
  const rules = entries.flatMap(([type, action]): Rule[] => {
    const recogniser = recogniserOf.get(type);
    return recogniser === undefined ? [] : [{ type, action, recogniser, context: contextPattern(recogniser.context) }];
  });
  const unsupported = entries.filter(([type, action]) => action !== 'allow' && !recogniserOf.has(type)).map(([type]) => type);
  return { rules, unsupported, minScore: policy.minScore, active: rules.some((rule) => rule.action !== 'allow') };
}

/** The part of a configuration store that this service reads. */
export interface CurrentConfiguration {
  readonly current: Snapshot;
}

/** Finds the plan of a policy by name; plans are compiled once a snapshot. */
export function createPlans(configuration: CurrentConfiguration): (policy: string) => MaskingPlan | undefined {
  let snapshot: Snapshot | undefined;
  let plans: ReadonlyMap<string, MaskingPlan> = new Map();
  return (policy) => {
    if (snapshot !== configuration.current) {
      snapshot = configuration.current;
      plans = new Map(snapshot.policies.map(({ name, masking }: PolicyConfig) => [name, compilePlan(masking)]));
    }
    return plans.get(policy);
  };
}
