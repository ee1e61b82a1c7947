import { SluiceError, type PolicyConfig, type Principal, type Snapshot } from '@sluice/contracts';

/** Stages that a request can do without unless the policy says otherwise. */
const skippedByDefault = new Set(['cache']);

/** A snapshot made ready for requests: everything that would otherwise be searched for each time. */
export class RouteTable {
  readonly version: number;
  readonly modelNames: readonly string[];
  readonly #models: ReadonlySet<string>;
  readonly #policies: ReadonlyMap<string, PolicyConfig>;
  readonly #exactHeaders: ReadonlySet<string>;
  readonly #headerPrefixes: readonly string[];

  constructor(snapshot: Snapshot) {
    this.version = snapshot.version;
    this.modelNames = snapshot.models.map((model) => model.name);
    this.#models = new Set(this.modelNames);
    this.#policies = new Map(snapshot.policies.map((policy) => [policy.name, policy]));
    const forwarded = snapshot.providers.flatMap((provider) => provider.forwardHeaders.map((header) => header.toLowerCase()));
    this.#exactHeaders = new Set(forwarded.filter((header) => !header.endsWith('*')));
    this.#headerPrefixes = forwarded.filter((header) => header.endsWith('*')).map((header) => header.slice(0, -1));
  }

  /** @throws SluiceError `model_not_found` or `model_not_allowed` */
  checkModel(model: string, principal: Principal): void {
    if (!this.#models.has(model)) {
      throw new SluiceError(
        'model_not_found',
        `The model "${printable(model)}" does not exist; GET /v1/models lists what your key may use.`,
        { param: 'model' },
      );
    }
    if (principal.models !== undefined && !principal.models.includes(model)) {
      throw new SluiceError(
        'model_not_allowed',
        `Your key may not use the model "${printable(model)}"; GET /v1/models lists what it may.`,
        { param: 'model' },
      );
    }
  }

  /** Names that a key may ask for. */
  modelsOf(principal: Principal): readonly string[] {
    const { models } = principal;
    return models === undefined ? this.modelNames : this.modelNames.filter((name) => models.includes(name));
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
