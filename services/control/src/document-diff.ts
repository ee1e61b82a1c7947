import { canonicalJson } from './canonical-json.ts';

/** One difference of two documents; `from` is absent for what was added, `to` for what was removed. */
export interface Change {
  /** Dot path; entries of a list that have a name are shown by it: `models.gpt-4o.targets`. */
  readonly path: string;
  readonly from?: unknown;
  readonly to?: unknown;
}

/** A diff is for people; beyond this many changes the last entry says how many more there are. */
const maxChanges = 500;

/** What changed between two versions of the configuration. */
export function documentDiff(before: unknown, after: unknown): Change[] {
  const changes: Change[] = [];
  collect(before, after, '', changes);
  if (changes.length <= maxChanges) return changes;
  return [...changes.slice(0, maxChanges), { path: `(${changes.length - maxChanges} more)` }];
}

function collect(before: unknown, after: unknown, path: string, changes: Change[]): void {
  if (canonicalJson(before) === canonicalJson(after)) return;
  const left = members(before);
  const right = members(after);
  if (left === undefined || right === undefined) {
    changes.push({ path, ...(before === undefined ? {} : { from: before }), ...(after === undefined ? {} : { to: after }) });
    return;
  }
  const known = changes.length;
  for (const name of new Set([...left.keys(), ...right.keys()])) {
    collect(left.get(name), right.get(name), path === '' ? name : `${path}.${name}`, changes);
  }
  // Equal members and unequal text: only the order of a list changed.
  if (changes.length === known) changes.push({ path: `${path} (order)`, from: [...left.keys()], to: [...right.keys()] });
}

/** Members by field or, for a list of named entries, by name. Other lists are compared whole. */
function members(value: unknown): Map<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (!Array.isArray(value)) return new Map(Object.entries(value));
  const named = new Map<string, unknown>();
  for (const entry of value as unknown[]) {
    // Safe: an array's entries are unknown
    if (typeof entry !== 'object' || entry === null || !('name' in entry) || typeof entry.name !== 'string') return undefined;
    if (named.has(entry.name)) return undefined;
    named.set(entry.name, entry);
  }
  return named;
}
