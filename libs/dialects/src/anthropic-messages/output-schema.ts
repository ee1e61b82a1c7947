import { asArray, isObject, type JsonObject } from '../json-value.ts';

/** Keywords that Anthropic's structured outputs refuse (documentation, November 2026): bounds of numbers, strings, lists and objects. */
const refusedKeywords = [
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'maxItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
];

/** Keywords that hold schemas by name. */
const namedSchemas = ['properties', '$defs', 'definitions'];
/** Keywords that hold a list of schemas. */
const listedSchemas = ['anyOf', 'allOf', 'oneOf', 'prefixItems'];

/** Deeper schemas pass as they are; Anthropic refuses them itself. */
const maxDepth = 64;

/**
 * A JSON Schema as Anthropic's structured outputs take it. Each object is closed; bounds that are no part of its dialect
 * become words in the description, where the model reads them; `oneOf` is `anyOf`.
 */
export function outputSchema(schema: JsonObject, depth = 0): JsonObject {
  if (depth >= maxDepth) return schema;
  const inner = (value: unknown) => (isObject(value) ? outputSchema(value, depth + 1) : value);
  const result: Record<string, unknown> = {};
  const bounds: string[] = [];
  for (const [key, value] of Object.entries(schema)) {
    if (refusedKeywords.includes(key) || (key === 'minItems' && value !== 0 && value !== 1))
      bounds.push(`${key}: ${JSON.stringify(value)}`);
    else if (namedSchemas.includes(key) && isObject(value)) {
      result[key] = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, inner(each)]));
    } else if (listedSchemas.includes(key)) result[key === 'oneOf' ? 'anyOf' : key] = asArray(value).map(inner);
    else if (key === 'items') result[key] = inner(value);
    else result[key] = value;
  }
  if (schema.type === 'object' || isObject(schema.properties)) result.additionalProperties = false;
  if (bounds.length > 0) {
    const said = typeof schema.description === 'string' ? `${schema.description}\n` : '';
    result.description = `${said}{${bounds.join(', ')}}`;
  }
  return result;
}
