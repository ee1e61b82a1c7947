import { hash } from 'node:crypto';
import type { CachePolicy, PolicyConfig, Snapshot } from '@sluice/contracts';
import { canonicalJson } from './canonical-json.ts';
import { decidingFacts, type DecidingFacts } from './deciding-facts.ts';

/** What the stage needs of one policy, worked out once for each snapshot. */
export interface CompiledPolicy {
  readonly cache: CachePolicy;
  /** Hash of what changes an answer: masking, guardrail, pipeline, and the targets of the model asked. */
  readonly fingerprint: string;
  readonly deciding: DecidingFacts | undefined;
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
  #deciding = new Map<string, DecidingFacts | undefined>();
  readonly #compiled = new Map<string, CompiledPolicy>();

  constructor(snapshot: Snapshot) {
    this.replace(snapshot);
  }

  replace(snapshot: Snapshot): void {
    this.#policies = new Map(snapshot.policies.map((policy) => [policy.name, policy]));
    this.#targets = new Map(
      snapshot.models.map((model) => [model.name, model.targets.map(({ provider, model: name, when }) => [provider, name, when ?? null])]),
    );
    this.#deciding = new Map(snapshot.models.map((model) => [model.name, decidingFacts(model)]));
    this.#compiled.clear();
  }

  find(policyName: string, model: string): CompiledPolicy | undefined {
    const id = `${policyName}\n${model}`;
    const known = this.#compiled.get(id);
    if (known !== undefined) return known;
    const policy = this.#policies.get(policyName);
    if (policy === undefined) return undefined;
    const compiled = { cache: policy.cache, fingerprint: this.#fingerprint(policy, model), deciding: this.#deciding.get(model) };
    if (this.#compiled.size < maxFingerprints) this.#compiled.set(id, compiled);
    return compiled;
  }

  #fingerprint({ guardrail, masking, pipeline }: PolicyConfig, model: string): string {
    return hash('sha256', canonicalJson({ guardrail, masking, pipeline, targets: this.#targets.get(model) ?? null }), 'hex');
  }
}
