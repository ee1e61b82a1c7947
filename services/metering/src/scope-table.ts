import type { ScopeConfig, Snapshot } from '@sluice/contracts';
import { limitDefinitions, type LimitDefinition } from './limit-definition.ts';
import { createScope, type Scope, type ScopeKind } from './scope.ts';

/** Who asks for what: all that decides which limits bind a request. */
export interface Asker {
  readonly keyId: string;
  readonly organization: string;
  readonly team: string;
  readonly user?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly model: string;
}

interface Family {
  readonly kind: 'user' | 'model' | 'tag';
  /** Tag's name; empty for the other kinds. */
  readonly tag: string;
  /** The one value that it is for; undefined: each value has a scope of its own. */
  readonly value: string | undefined;
  readonly definitions: readonly LimitDefinition[];
  /** What the ids of its members begin with. */
  readonly prefix: string;
}

interface OrganizationScopes {
  readonly own: Scope | undefined;
  readonly families: readonly Family[];
}

/** Scopes of single users and tags are made when first asked for; the oldest are forgotten, their leases run on until told. */
const maxMembers = 50_000;

/** All owners of limits of a configuration. Owners without any limit are left out, so that they cost nothing. */
export class ScopeTable {
  #keys = new Map<string, Scope>();
  #teams = new Map<string, Scope>();
  #organizations = new Map<string, OrganizationScopes>();
  #members = new Map<string, Scope>();

  /** Takes over new limits; what remains keeps its leases. */
  configure(snapshot: Snapshot): void {
    const keys = new Map<string, Scope>();
    const teams = new Map<string, Scope>();
    const organizations = new Map<string, OrganizationScopes>();
    const add = (table: Map<string, Scope>, known: Map<string, Scope>, kind: ScopeKind, id: string, owner: Owner): void => {
      const definitions = limitDefinitions(owner.limits, owner.budgets);
      if (definitions.length === 0) return;
      table.set(id, createScope(kind, { id, name: owner.name, organization: owner.organization }, definitions, known.get(id)));
    };
    for (const key of snapshot.keys) add(keys, this.#keys, 'key', key.keyId, key);
    for (const organization of snapshot.organizations) {
      const { name, limits, budgets } = organization;
      for (const team of organization.teams) add(teams, this.#teams, 'team', `${name}/${team.name}`, { ...team, organization: name });
      const definitions = limitDefinitions(limits, budgets);
      const known = this.#organizations.get(name)?.own;
      const own =
        definitions.length === 0 ? undefined : createScope('organization', { id: name, name, organization: name }, definitions, known);
      organizations.set(name, { own, families: (organization.scopes ?? []).map((scope) => familyOf(name, scope)) });
    }
    this.#keys = keys;
    this.#teams = teams;
    this.#organizations = organizations;
    this.#reviseMembers();
  }

  /** The scopes that bind a request, narrowest first. */
  of({ keyId, organization, team, user, tags, model }: Asker): Scope[] {
    const scopes: Scope[] = [];
    const key = this.#keys.get(keyId);
    if (key !== undefined) scopes.push(key);
    const entry = this.#organizations.get(organization);
    const families = entry?.families ?? [];
    for (const family of families) {
      const value = family.kind === 'user' ? user : family.kind === 'model' ? model : tags[family.tag];
      if (value === undefined || (family.value !== undefined && family.value !== value)) continue;
      scopes.push(this.#member(organization, family, value));
    }
    const teamScope = this.#teams.get(`${organization}/${team}`);
    if (teamScope !== undefined) scopes.push(teamScope);
    if (entry?.own !== undefined) scopes.push(entry.own);
    return scopes;
  }

  /** One scope for each value: where two entries of the configuration fit, all limits of both are its own meters. */
  #member(organization: string, family: Family, value: string): Scope {
    const { kind, tag, definitions, prefix } = family;
    const id = prefix + value;
    const known = this.#members.get(id);
    if (known !== undefined) return known;
    if (this.#members.size >= maxMembers) {
      const oldest = this.#members.keys().next().value;
      if (oldest !== undefined) this.#members.delete(oldest);
    }
    const name = kind === 'tag' ? `${tag}=${value}` : value;
    const scope = createScope(kind, { id: id.slice(kind.length + 1), name, organization }, definitions, undefined);
    this.#members.set(id, scope);
    return scope;
  }

  #reviseMembers(): void {
    const known = this.#members;
    this.#members = new Map();
    for (const [organization, { families }] of this.#organizations) {
      for (const family of families) {
        const { prefix } = family;
        for (const [id, scope] of known) {
          if (!id.startsWith(prefix) || (family.value !== undefined && id !== prefix + family.value)) continue;
          this.#members.set(
            id,
            createScope(scope.kind, { id: id.slice(scope.kind.length + 1), name: scope.name, organization }, family.definitions, scope),
          );
        }
      }
    }
  }
}

interface Owner {
  readonly name: string;
  readonly organization: string;
  readonly limits: Parameters<typeof limitDefinitions>[0];
  readonly budgets: Parameters<typeof limitDefinitions>[1];
}

function familyOf(organization: string, { user, model, tag, limits, budgets }: ScopeConfig): Family {
  const [kind, member] =
    user !== undefined
      ? (['user', user] as const)
      : model !== undefined
        ? (['model', model] as const)
        : (['tag', tag?.value ?? '*'] as const);
  const value = member === '*' ? undefined : member;
  // Names may hold anything, so a tag's is quoted; an entry for each value is apart from one for a single value.
  const prefix = `${kind}/${organization}/${tag === undefined ? '' : JSON.stringify(tag.name)}${value === undefined ? '*' : '='}`;
  return { kind, tag: tag?.name ?? '', value, definitions: limitDefinitions(limits, budgets), prefix };
}
