import { hash } from 'node:crypto';
import type { CachePolicy, PolicyConfig, Snapshot } from '@sluice/contracts';
import { canonicalJson } from './canonical-json.ts';

/** What the stage needs of one policy, worked out once for each snapshot. */
export interface CompiledPolicy {
  readonly cache: CachePolicy;
  /** Hash of what changes an answer: masking, guardrail, pipeline, and the targets of the model asked. */
  readonly fingerprint: string;
}

/** Models with a fingerprint per policy; names that clients invent never reach here, since ingress refuses them. */
const maxFingerprints = 10_000;

/**
 * Policies of the snapshot in force. Changes of keys, budgets, limits, or of another policy leave every fingerprint
 * as it is, so an unrelated activation does not empty the cache.
 */
export class PolicyTable {
  #policies = new Map<string, PolicyConfig>();
  #targets = new Map<string, unknown>();
  readonly #compiled = new Map<string, CompiledPolicy>();

  constructor(snapshot: Snapshot) {
    this.replace(snapshot);
  }

  replace(snapshot: Snapshot): void {
    this.#policies = new Map(snapshot.policies.map((policy) => [policy.name, policy]));
    this.#targets = new Map(
      snapshot.models.map((model) => [model.name, model.targets.map(({ provider, model: name }) => [provider, name])]),
    );
    this.#compiled.clear();
  }

  find(policyName: string, model: string): CompiledPolicy | undefined {
    const id = `${policyName}\n${model}`;
    const known = this.#compiled.get(id);
    if (known !== undefined) return known;
    const policy = this.#policies.get(policyName);
    if (policy === undefined) return undefined;
    const compiled = { cache: policy.cache, fingerprint: this.#fingerprint(policy, model) };
    if (this.#compiled.size < maxFingerprints) this.#compiled.set(id, compiled);
    return compiled;
  }

  #fingerprint({ guardrail, masking, pipeline }: PolicyConfig, model: string): string {
    return hash('sha256', canonicalJson({ guardrail, masking, pipeline, targets: this.#targets.get(model) ?? null }), 'hex');
  }
}
