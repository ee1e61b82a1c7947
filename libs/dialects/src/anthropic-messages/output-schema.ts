import { asArray, isObject, type JsonObject } from '../json-value.ts';

/**
 * Keywords that Anthropic's structured outputs refuse, or take in part only, by its documentation and the schemas that its
 * client libraries write (November 2026): they become words, which the model reads.
 */
const spokenKeywords = new Set(
  (
    'minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern maxItems uniqueItems contains ' +
    'minContains maxContains minProperties maxProperties patternProperties propertyNames not if then else examples'
  ).split(' '),
);
const knownFormats = new Set('date-time time date duration email hostname uri ipv4 ipv6 uuid'.split(' '));

/** Keywords that hold schemas by name. */
const namedSchemas = new Set(['properties', '$defs', 'definitions']);
/** Keywords that hold a list of schemas. */
const listedSchemas = new Set(['anyOf', 'allOf', 'oneOf', 'prefixItems']);

/** Deeper schemas pass as they are; Anthropic refuses them itself. */
const maxDepth = 64;

/** A JSON Schema as Anthropic's structured outputs take it: each object closed, `oneOf` as `anyOf`, bounds in words. */
export function outputSchema(schema: JsonObject, depth = 0): JsonObject {
  if (depth >= maxDepth) return schema;
  const inner = (value: unknown) => (isObject(value) ? outputSchema(value, depth + 1) : value);
  const result: Record<string, unknown> = {};
  const spoken: string[] = [];
  for (const [key, value] of Object.entries(schema)) {
    if (key === '$schema') continue; // names the dialect, and constrains nothing
    if (isSpoken(key, value)) spoken.push(`${key}: ${JSON.stringify(value)}`);
    else if (namedSchemas.has(key) && isObject(value)) {
      result[key] = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, inner(each)]));
    } else if (listedSchemas.has(key)) result[key === 'oneOf' ? 'anyOf' : key] = asArray(value).map(inner);
    else if (key === 'items') result[key] = inner(value);
    else result[key] = value;
  }
  if (describesObject(schema)) result.additionalProperties = false;
  if (spoken.length > 0) {
    const said = typeof schema.description === 'string' ? `${schema.description}\n` : '';
    result.description = `${said}{${spoken.join(', ')}}`;
  }
  return result;
}

/** Whether some object of the schema may have members of any name. Closed, as Anthropic has it, it would always be empty. */
export function hasFreeMembers(schema: unknown, depth = 0): boolean {
  if (Array.isArray(schema)) return asArray(schema).some((item) => hasFreeMembers(item, depth + 1));
  if (!isObject(schema) || depth >= maxDepth) return false;
  const { additionalProperties, properties } = schema;
  const named = isObject(properties) && Object.keys(properties).length > 0;
  if (describesObject(schema) && !named && additionalProperties !== false && !refersElsewhere(schema)) return true;
  if (additionalProperties === true || isObject(additionalProperties)) return true;
  return Object.entries(schema).some(([key, value]) => {
    if (namedSchemas.has(key) && isObject(value)) return Object.values(value).some((each) => hasFreeMembers(each, depth + 1));
    return (listedSchemas.has(key) || key === 'items') && hasFreeMembers(value, depth + 1);
  });
}

function isSpoken(key: string, value: unknown): boolean {
  if (key === 'format') return typeof value !== 'string' || !knownFormats.has(value);
  if (key === 'minItems') return value !== 0 && value !== 1;
  return spokenKeywords.has(key);
}

function describesObject({ type, properties }: JsonObject): boolean {
  return type === 'object' || isObject(properties);
}

function refersElsewhere(schema: JsonObject): boolean {
  return ['$ref', 'anyOf', 'oneOf', 'allOf', 'enum', 'const'].some((key) => schema[key] !== undefined);
}
