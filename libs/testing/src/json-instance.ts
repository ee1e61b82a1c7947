import { membersOf } from './simulated-request.ts';

/** Deeper schemas (recursive ones) end here; what is below becomes null. */
const maxDepth = 16;

/**
 * The smallest JSON value that fits a JSON Schema, as far as types, const, enum, required, minItems, minLength, minimum, anyOf, oneOf,
 * allOf and local $ref go. The first free string takes `text`, so that an answer carries what was asked.
 */
export function minimalInstance(schema: unknown, text: string): unknown {
  let unused: string | undefined = text;
  const takeText = () => {
    const taken = unused ?? '';
    unused = undefined;
    return taken;
  };
  return instanceOf(schema, schema, takeText, 0);
}

function instanceOf(schema: unknown, root: unknown, takeText: () => string, depth: number): unknown {
  const rules = membersOf(schema);
  if (depth > maxDepth) return null;
  if ('const' in rules) return rules.const;
  if ('default' in rules) return rules.default;
  if (Array.isArray(rules.enum)) return rules.enum[0];
  const reference = rules.$ref;
  if (typeof reference === 'string') return instanceOf(resolve(reference, root), root, takeText, depth + 1);
  for (const choice of [rules.anyOf, rules.oneOf]) {
    if (Array.isArray(choice) && choice.length > 0) return instanceOf(choice[0], root, takeText, depth + 1);
  }
  if (Array.isArray(rules.allOf)) {
    const parts = rules.allOf.map((part) => membersOf(instanceOf(part, root, takeText, depth + 1)));
    return Object.assign({}, ...parts, objectOf(rules, root, takeText, depth)) as unknown;
  }
  return valueOfType(rules, root, takeText, depth);
}

function valueOfType(rules: Record<string, unknown>, root: unknown, takeText: () => string, depth: number): unknown {
  const declared: unknown = Array.isArray(rules.type) ? rules.type[0] : rules.type;
  switch (declared ?? ('properties' in rules ? 'object' : undefined)) {
    case 'string':
      return takeText().padEnd(count(rules.minLength), 'x');
    case 'number':
    case 'integer':
      return numberOf(rules);
    case 'boolean':
      return true;
    case 'array':
      return Array.from({ length: count(rules.minItems) }, () => instanceOf(rules.items, root, takeText, depth + 1));
    case 'object':
      return objectOf(rules, root, takeText, depth);
    default:
      return null;
  }
}

function objectOf(rules: Record<string, unknown>, root: unknown, takeText: () => string, depth: number): Record<string, unknown> {
  const properties = membersOf(rules.properties);
  const required = Array.isArray(rules.required) ? rules.required.filter((name) => typeof name === 'string') : [];
  return Object.fromEntries(required.map((name) => [name, instanceOf(properties[name], root, takeText, depth + 1)]));
}

function numberOf(rules: Record<string, unknown>): number {
  const minimum = rules.minimum;
  const above = rules.exclusiveMinimum;
  const maximum = rules.maximum;
  if (typeof minimum === 'number') return minimum;
  if (typeof above === 'number') return above + 1;
  return typeof maximum === 'number' ? Math.min(0, maximum) : 0;
}

/** At most 64, so that a schema cannot ask for an answer of any size. */
function count(value: unknown): number {
  return typeof value === 'number' ? Math.min(Math.max(Math.trunc(value), 0), 64) : 0;
}

function resolve(reference: string, root: unknown): unknown {
  if (!reference.startsWith('#')) return undefined;
  const steps = reference.slice(1).split('/').filter(Boolean);
  return steps.reduce<unknown>((value, step) => membersOf(value)[step.replaceAll('~1', '/').replaceAll('~0', '~')], root);
}
