import { SluiceError, usualForwardHeaders, type ModelConfig, type PolicyConfig, type Principal, type Snapshot } from '@sluice/contracts';

/** Stages that a request can do without unless the policy says otherwise. */
const skippedByDefault = new Set(['cache']);

/** A name that clients may ask for, and the model that it leads to. */
export interface ListedModel {
  readonly id: string;
  readonly model: string;
}

/** A snapshot made ready for requests: everything that would otherwise be searched for each time. */
export class RouteTable {
  readonly version: number;
  /** The model's own name by each name that leads to it. */
  readonly #models: ReadonlyMap<string, string>;
  readonly #listed: readonly ListedModel[];
  readonly #policies: ReadonlyMap<string, PolicyConfig>;
  readonly #exactHeaders: ReadonlySet<string>;
  readonly #headerPrefixes: readonly string[];

  constructor(snapshot: Snapshot) {
    this.version = snapshot.version;
    this.#models = new Map(snapshot.models.flatMap(({ name, aliases }) => [name, ...aliases].map((known) => [known, name])));
    this.#listed = snapshot.models.filter((model) => !model.hidden).flatMap(namesOf);
    this.#policies = new Map(snapshot.policies.map((policy) => [policy.name, policy]));
    const forwarded = snapshot.providers
      .flatMap(({ type, forwardHeaders }) => [...forwardHeaders, ...(usualForwardHeaders[type] ?? [])])
      .map((header) => header.toLowerCase());
    this.#exactHeaders = new Set(forwarded.filter((header) => !header.endsWith('*')));
    this.#headerPrefixes = forwarded.filter((header) => header.endsWith('*')).map((header) => header.slice(0, -1));
  }

  /**
   * The own name of a model that was asked for by it or by an alias: what limits, prices and the cache compare.
   * @throws SluiceError `model_not_found` or `model_not_allowed`
   */
  resolveModel(model: string, principal: Principal): string {
    const name = this.#models.get(model);
    if (name === undefined) {
      throw new SluiceError(
        'model_not_found',
        `The model "${printable(model)}" does not exist; GET /v1/models lists what your key may use.`,
        { param: 'model' },
      );
    }
    if (!this.#mayUse(principal, name)) {
      throw new SluiceError(
        'model_not_allowed',
        `Your key may not use the model "${printable(model)}"; GET /v1/models lists what it may.`,
        { param: 'model' },
      );
    }
    return name;
  }

  /** What a key may ask for, but for hidden models; in the order of the configuration, each model before its aliases. */
  modelsOf(principal: Principal): readonly ListedModel[] {
    return principal.models === undefined ? this.#listed : this.#listed.filter(({ model }) => this.#mayUse(principal, model));
  }

  /** A key's list may name a model by an alias; it then means the model. */
  #mayUse({ models }: Principal, name: string): boolean {
    return models === undefined || models.includes(name) || models.some((listed) => this.#models.get(listed) === name);
  }

  /** @throws SluiceError `internal_error` where the policy of a key is gone, which control does not publish */
  policy(name: string): PolicyConfig {
    const policy = this.#policies.get(name);
    if (policy === undefined)
      throw new SluiceError(
        'internal_error',
        'The policy of this key is not in force; ask your platform team.',
        {},
        new Error(`no policy ${name}`),
      );
    return policy;
  }

  hasPolicy(name: string): boolean {
    return this.#policies.has(name);
  }

  /** Client headers that some provider is configured to receive, and the trace context, which the router passes on where nothing is traced. */
  forwardedHeaders(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
    const forwarded: Record<string, string> = {};
    const { traceparent, tracestate } = headers;
    if (typeof traceparent === 'string') {
      forwarded.traceparent = traceparent;
      if (typeof tracestate === 'string') forwarded.tracestate = tracestate;
    }
    if (this.#exactHeaders.size === 0 && this.#headerPrefixes.length === 0) return forwarded;
    for (const name in headers) {
      const value = headers[name];
      if (typeof value !== 'string' || isCredential(name)) continue;
      if (this.#exactHeaders.has(name) || this.#headerPrefixes.some((prefix) => name.startsWith(prefix))) forwarded[name] = value;
    }
    return forwarded;
  }
}

function namesOf({ name, aliases }: ModelConfig): ListedModel[] {
  return [name, ...aliases].map((id) => ({ id, model: name }));
}

/** What happens to a request when `stage` is absent. */
export function onUnavailable(policy: PolicyConfig, stage: string): 'skip' | 'refuse' {
  return policy.onUnavailable[stage] ?? (skippedByDefault.has(stage) ? 'skip' : 'refuse');
}

/** A client's own credentials never reach a provider, whatever `forwardHeaders` says. */
function isCredential(header: string): boolean {
  return header === 'authorization' || header === 'x-api-key' || header === 'cookie' || header === 'proxy-authorization';
}

/** A name from the client as it may stand in a message. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 100);
}
