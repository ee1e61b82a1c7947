import { periodOf } from '../leases/calendar.ts';
import { isCalendarSpan, meterId, type LimitDefinition } from './limit-definition.ts';
import { Quota } from '../leases/quota.ts';

export type ScopeKind = 'key' | 'user' | 'team' | 'organization' | 'model' | 'tag';

/** Whose limit it is. */
export interface Owner {
  readonly kind: ScopeKind;
  readonly name: string;
  /** Empty for a model's limits over all organisations. */
  readonly organization: string;
}

/** One limit of an owner over time: hands out the quota of the window that a moment lies in. */
export class Meter {
  readonly id: string;
  readonly owner: Owner;
  #definition: LimitDefinition;
  #current: Quota | undefined;

  constructor(id: string, owner: Owner, definition: LimitDefinition) {
    this.id = id;
    this.owner = owner;
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

  /** Whether a lease of it is in use. */
  get isActive(): boolean {
    return this.#current?.isFollowed === true;
  }

  #open(now: number): Quota {
    const { span, calendar } = this.#definition;
    if (!isCalendarSpan(span)) return new Quota(this.id, this.owner, this.#definition, 0, Number.POSITIVE_INFINITY);
    const { start, end } = periodOf(span, calendar, now);
    return new Quota(this.id, this.owner, this.#definition, start, end);
  }
}

/** An owner and its limits. */
export interface Scope extends Owner {
  readonly meters: readonly Meter[];
}

/**
 * Makes a scope; meters that `known` has go on with what they have leased.
 * @param id what the owner's meters are named after, unique among those of its kind
 */
export function createScope(owner: Owner, id: string, definitions: readonly LimitDefinition[], known: Scope | undefined): Scope {
  const before = new Map(known?.meters.map((meter) => [meter.id, meter]));
  const meters = new Map<string, Meter>();
  for (const definition of definitions) {
    const meter = meterId(`${owner.kind}:${id}`, definition);
    const twin = meters.get(meter);
    if (twin !== undefined && twin.definition.allowed <= definition.allowed) continue;
    const kept = twin ?? before.get(meter) ?? new Meter(meter, owner, definition);
    kept.redefine(definition);
    meters.set(meter, kept);
  }
  return { kind: owner.kind, name: owner.name, organization: owner.organization, meters: [...meters.values()] };
}
