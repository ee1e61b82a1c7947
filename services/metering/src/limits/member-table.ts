import type { Family } from './scope-table.ts';
import { createScope, type Owner, type Scope } from './scope.ts';

/** Members remembered before those that hold nothing are looked for. */
const maxMembers = 50_000;

/**
 * Scopes of single users, models and tags, made when first asked for: one for each value, and where two entries of the configuration
 * fit a value, each has meters of its own. Those that hold nothing are forgotten when there are many.
 */
export class MemberTable {
  readonly #onForgotten: () => void;
  #members = new Map<string, Scope>();
  #limit = maxMembers;

  /** @param onForgotten whoever keeps scopes is to let go of them: a meter may have one quota only */
  constructor(onForgotten: () => void) {
    this.#onForgotten = onForgotten;
  }

  of(organization: string, family: Family, value: string): Scope {
    const id = family.prefix + value;
    const known = this.#members.get(id);
    if (known !== undefined) return known;
    if (this.#members.size >= this.#limit) this.#forgetIdle();
    const name = family.kind === 'tag' ? `${family.tag}=${value}` : value;
    const scope = memberOf({ kind: family.kind, name, organization }, id, family, undefined);
    this.#members.set(id, scope);
    return scope;
  }

  /** Takes over new limits; what remains keeps its leases. */
  revise(organizations: readonly (readonly [name: string, families: readonly Family[]])[]): void {
    const known = this.#members;
    this.#members = new Map();
    for (const [, families] of organizations) {
      for (const family of families) {
        const { prefix, value } = family;
        for (const [id, scope] of known) {
          if (!id.startsWith(prefix) || (value !== undefined && id !== prefix + value)) continue;
          this.#members.set(id, memberOf(scope, id, family, scope));
        }
      }
    }
  }

  #forgetIdle(): void {
    for (const [id, { meters }] of this.#members) if (!meters.some(({ isActive }) => isActive)) this.#members.delete(id);
    this.#limit = Math.max(maxMembers, this.#members.size * 2);
    this.#onForgotten();
  }
}

/** The id of a member begins with its kind, as that of its meters does. */
function memberOf(owner: Owner, id: string, { definitions }: Family, known: Scope | undefined): Scope {
  return createScope(owner, id.slice(owner.kind.length + 1), definitions, known);
}
