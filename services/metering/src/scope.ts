import { periodOf } from './calendar.ts';
import { meterId, type LimitDefinition } from './limit-definition.ts';
import { Quota } from './quota.ts';

export type ScopeKind = 'key' | 'user' | 'team' | 'organization' | 'model' | 'tag';

/** One limit of an owner over time: hands out the quota of the window that a moment lies in. */
export class Meter {
  readonly id: string;
  #definition: LimitDefinition;
  #current: Quota | undefined;

  constructor(id: string, definition: LimitDefinition) {
    this.id = id;
    this.#definition = definition;
  }

  get definition(): LimitDefinition {
    return this.#definition;
  }

  /** The window in use goes on under the new amount. */
  redefine(definition: LimitDefinition): void {
    this.#definition = definition;
    this.#current?.redefine(definition);
  }

  at(now: number): Quota {
    const current = this.#current;
    return current !== undefined && now < current.end ? current : (this.#current = this.#open(now));
  }

  #open(now: number): Quota {
    const { span, calendar } = this.#definition;
    if (span === 'now' || span === 'second' || span === 'minute') return new Quota(this.id, this.#definition, 0, Number.POSITIVE_INFINITY);
    const { start, end } = periodOf(span, calendar, now);
    return new Quota(this.id, this.#definition, start, end);
  }
}

/** An owner of limits, as requests see it. */
export class Scope {
  readonly kind: ScopeKind;
  readonly name: string;
  readonly organization: string;
  readonly meters: readonly Meter[];

  constructor(kind: ScopeKind, name: string, organization: string, meters: readonly Meter[]) {
    this.kind = kind;
    this.name = name;
    this.organization = organization;
    this.meters = meters;
  }
}

/** Makes a scope; meters that `known` has go on with what they have leased. */
export function createScope(
  kind: ScopeKind,
  { id, name, organization }: { readonly id: string; readonly name: string; readonly organization: string },
  definitions: readonly LimitDefinition[],
  known: Scope | undefined,
): Scope {
  const before = new Map(known?.meters.map((meter) => [meter.id, meter]));
  const meters = new Map<string, Meter>();
  for (const definition of definitions) {
    const meter = meterId(`${kind}:${id}`, definition);
    const twin = meters.get(meter);
    if (twin !== undefined && twin.definition.allowed <= definition.allowed) continue;
    const kept = twin ?? before.get(meter) ?? new Meter(meter, definition);
    kept.redefine(definition);
    meters.set(meter, kept);
  }
  return new Scope(kind, name, organization, [...meters.values()]);
}
