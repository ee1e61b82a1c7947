import type { ScopeConfig, Snapshot } from '@sluice/contracts';
import { Binding } from './binding.ts';
import { limitDefinitions, throttleDefinition, type LimitDefinition } from './limit-definition.ts';
import { MemberTable } from './member-table.ts';
import { createScope, type Owner, type Scope } from './scope.ts';

/** Who asks for what: all that decides which limits bind a request. */
export interface Asker {
  readonly keyId: string;
  readonly organization: string;
  readonly team: string;
  readonly user?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly model: string;
}

/** One entry of an organisation's `scopes`: limits of a user, a model, a tag's value, or of each of them by itself. */
export interface Family {
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
  readonly hasModels: boolean;
  readonly hasUsers: boolean;
  /** Names of the tags that it limits. */
  readonly tags: readonly string[];
}

/** What is remembered of a key: one binding for all its requests where neither user, model nor tags matter, else one for each of them. */
interface KeyBindings {
  readonly organization: string;
  readonly team: string;
  only: Binding | undefined;
  readonly byKind: Map<string, Binding>;
}

/** Bindings remembered; beyond it all are made anew, which costs some microseconds each. */
const maxBindings = 20_000;
const noFamilies: OrganizationScopes = { own: undefined, families: [], hasModels: false, hasUsers: false, tags: [] };

/** All owners of limits of a configuration. Owners without any limit are left out, so that they cost nothing. */
export class ScopeTable {
  #keys = new Map<string, Scope>();
  #teams = new Map<string, Scope>();
  #models = new Map<string, Scope>();
  #organizations = new Map<string, OrganizationScopes>();
  /** Keys that are slowed or were, for a meter's lease outlives the limit. Bounded by the keys that ever were. */
  readonly #throttles = new Map<string, { readonly scope: Scope; readonly holds: boolean }>();
  readonly #members = new MemberTable(() => {
    this.#forgetBindings();
  });
  #bindings = new Map<string, KeyBindings>();
  #bindingCount = 0;

  /** Takes over new limits; what remains keeps its leases. */
  configure({ keys, organizations, models }: Pick<Snapshot, 'keys' | 'organizations' | 'models'>): void {
    this.#keys = scopesOf(keys, this.#keys, ({ keyId, name, organization }) => [keyId, { kind: 'key', name, organization }]);
    const teams = organizations.flatMap(({ name: organization, teams: own }) => own.map((team) => ({ ...team, organization })));
    this.#teams = scopesOf(teams, this.#teams, ({ name, organization }) => [
      `${organization}/${name}`,
      { kind: 'team', name, organization },
    ]);
    // An organisation's name is never empty, so these are apart from its own limits of models.
    this.#models = scopesOf(models, this.#models, ({ name }) => [`/${name}`, { kind: 'model', name, organization: '' }]);
    const before = this.#organizations;
    this.#organizations = new Map(
      organizations.map((organization) => {
        const { name, limits, budgets, scopes = [] } = organization;
        const definitions = limitDefinitions(limits, budgets);
        const owner: Owner = { kind: 'organization', name, organization: name };
        const own = definitions.length === 0 ? undefined : createScope(owner, name, definitions, before.get(name)?.own);
        const families = scopes.map((scope) => familyOf(name, scope));
        return [name, { own, families, ...whatMatters(families) }];
      }),
    );
    this.#members.revise([...this.#organizations].map(([name, { families }]) => [name, families] as const));
    this.#forgetBindings();
  }

  /** Slows a key by one limit more; undefined ends that. */
  throttle(keyId: string, requestsPerMinute: number | undefined): void {
    const known = this.#throttles.get(keyId)?.scope;
    if (requestsPerMinute !== undefined) {
      const key = this.#keys.get(keyId);
      const owner: Owner = { kind: 'key', name: key?.name ?? keyId, organization: key?.organization ?? '' };
      const scope = createScope(owner, keyId, [throttleDefinition(requestsPerMinute)], known);
      this.#throttles.set(keyId, { scope, holds: true });
    } else if (known !== undefined) this.#throttles.set(keyId, { scope: known, holds: false });
    this.#forgetBindings();
  }

  /** The limits that bind a request. */
  of(asker: Asker): Binding {
    const { keyId, organization, team } = asker;
    let known = this.#bindings.get(keyId);
    if (known?.team !== team || known.organization !== organization) {
      known = { organization, team, only: undefined, byKind: new Map() };
      this.#bindings.set(keyId, known);
    }
    if (known.only !== undefined) return known.only;
    const entry = this.#organizations.get(organization) ?? noFamilies;
    const kind = this.#kindOf(asker, entry);
    let binding = known.byKind.get(kind);
    if (binding === undefined) {
      binding = new Binding(this.#scopesOf(asker, entry));
      if (this.#bindingCount >= maxBindings) this.#forgetBindings();
      if (this.#models.size === 0 && !entry.hasModels && !entry.hasUsers && entry.tags.length === 0) known.only = binding;
      known.byKind.set(kind, binding);
      this.#bindingCount += 1;
    }
    return binding;
  }

  /** What tells apart requests of one key that other limits bind. Values may hold anything, so each is led by its length. */
  #kindOf({ user, tags, model }: Asker, { hasModels, hasUsers, tags: names }: OrganizationScopes): string {
    let kind = '';
    if (hasModels || this.#models.has(`/${model}`)) kind += `m${model.length}:${model}`;
    if (hasUsers && user !== undefined) kind += `u${user.length}:${user}`;
    for (let index = 0; index < names.length; index += 1) {
      const value = tags[names[index] ?? ''];
      if (value !== undefined) kind += `${index}-${value.length}:${value}`;
    }
    return kind;
  }

  #scopesOf({ keyId, organization, team, user, tags, model }: Asker, { own, families }: OrganizationScopes): Scope[] {
    const throttle = this.#throttles.get(keyId);
    const scopes = [throttle?.holds === true ? throttle.scope : undefined, this.#keys.get(keyId)];
    for (const family of families) {
      const value = family.kind === 'user' ? user : family.kind === 'model' ? model : tags[family.tag];
      if (value === undefined || (family.value !== undefined && family.value !== value)) continue;
      scopes.push(this.#members.of(organization, family, value));
    }
    scopes.push(this.#teams.get(`${organization}/${team}`), own, this.#models.get(`/${model}`));
    return scopes.filter((scope) => scope !== undefined);
  }

  #forgetBindings(): void {
    this.#bindings = new Map();
    this.#bindingCount = 0;
  }
}

interface Limited {
  readonly limits?: Parameters<typeof limitDefinitions>[0] | undefined;
  readonly budgets?: Parameters<typeof limitDefinitions>[1] | undefined;
}

/** Scopes of those that have limits, by their id. */
function scopesOf<Entry extends Limited>(
  entries: readonly Entry[],
  known: ReadonlyMap<string, Scope>,
  nameOf: (entry: Entry) => readonly [id: string, owner: Owner],
): Map<string, Scope> {
  const scopes = new Map<string, Scope>();
  for (const entry of entries) {
    const definitions = limitDefinitions(entry.limits ?? {}, entry.budgets ?? []);
    if (definitions.length === 0) continue;
    const [id, owner] = nameOf(entry);
    scopes.set(id, createScope(owner, id, definitions, known.get(id)));
  }
  return scopes;
}

function whatMatters(families: readonly Family[]): Pick<OrganizationScopes, 'hasModels' | 'hasUsers' | 'tags'> {
  return {
    hasModels: families.some(({ kind }) => kind === 'model'),
    hasUsers: families.some(({ kind }) => kind === 'user'),
    tags: [...new Set(families.filter(({ kind }) => kind === 'tag').map(({ tag }) => tag))],
  };
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
