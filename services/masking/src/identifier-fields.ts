import { isRecord } from '@sluice/contracts';

/**
 * Strings of a request that no model reads but every provider stores: `user`, `metadata` and the like. They are
 * searched as texts are; their placeholders go without brackets because providers restrict the characters of names.
 */
const topLevelFields = ['user', 'safety_identifier', 'prompt_cache_key'];

type Replace = (text: string) => string;

/** Copy-on-write: the same body comes back where `replace` changes nothing. */
export function replaceIdentifierFields(body: unknown, replace: Replace): unknown {
  if (!isRecord(body)) return body;
  let result = replaceStrings(body, topLevelFields, replace);
  if (isRecord(body.metadata)) {
    const metadata = replaceStrings(body.metadata, Object.keys(body.metadata), replace);
    if (metadata !== body.metadata) result = { ...result, metadata };
  }
  if (Array.isArray(body.messages)) {
    const before: readonly unknown[] = body.messages;
    const messages = before.map((message) => (isRecord(message) ? replaceStrings(message, ['name'], replace) : message));
    if (messages.some((message, index) => message !== before[index])) result = { ...result, messages };
  }
  return result;
}

function replaceStrings(
  record: Readonly<Record<string, unknown>>,
  fields: readonly string[],
  replace: Replace,
): Readonly<Record<string, unknown>> {
  let result = record;
  for (const field of fields) {
    const value = Object.hasOwn(record, field) ? record[field] : undefined;
    if (typeof value !== 'string') continue;
    const replaced = replace(value);
    // Defined, not assigned: a field named `__proto__` must stay a field.
    if (replaced !== value)
      result = Object.defineProperty({ ...result }, field, { value: replaced, enumerable: true, configurable: true, writable: true });
  }
  return result;
}

export function collectIdentifiers(body: unknown): string[] {
  const found: string[] = [];
  replaceIdentifierFields(body, (text) => {
    found.push(text);
    return text;
  });
  return found;
}
