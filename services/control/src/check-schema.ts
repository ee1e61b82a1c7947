import { configurationSchema } from '@sluice/contracts';
import type { Configuration, ConfigurationInput } from '@sluice/contracts';
import { z } from 'zod';
import { suggestion } from './nearest-name.ts';
import type { Problem } from './problem.ts';

/** The as-written form (what is stored and shown) and the parsed form (defaults filled in, durations in ms). */
export interface CheckedDocument {
  readonly written: ConfigurationInput;
  readonly configuration: Configuration;
}

export type SchemaResult =
  { readonly ok: true; readonly checked: CheckedDocument } | { readonly ok: false; readonly problems: readonly Problem[] };

/** Checks a value against the schema of `sluice.yaml`; every fault is named at once. */
export function checkSchema(value: unknown): SchemaResult {
  const fields = createFieldIndex();
  const result = configurationSchema.safeParse(value, { reportInput: true });
  if (result.success) {
    // Safe: a value that the schema accepts has the schema's input type.
    return { ok: true, checked: { written: value as ConfigurationInput, configuration: result.data } };
  }
  return { ok: false, problems: result.error.issues.flatMap((issue) => problemsOf(issue, fields)) };
}

type Issue = z.core.$ZodIssue;

function problemsOf(issue: Issue, knownFields: FieldIndex): Problem[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  if (issue.code === 'unrecognized_keys') {
    const known = knownFields(path);
    return issue.keys.map((key) => ({
      severity: 'error',
      path: [...path, key],
      message: `is not a field here${suggestion(key, known) || `; known are ${known.join(', ')}`}`,
    }));
  }
  if (issue.code === 'invalid_key') {
    return issue.issues.map((inner) => ({ severity: 'error', path, message: inner.message }));
  }
  return [{ severity: 'error', path, message: messageOf(issue) }];
}

function messageOf(issue: Issue): string {
  if (issue.code === 'invalid_type') {
    const written = !issue.message.startsWith('Invalid input');
    if (written) return issue.message;
    return issue.input === undefined
      ? `is missing; write ${nounOf(issue.expected)}`
      : `must be ${nounOf(issue.expected)}, not ${kindOf(issue.input)}`;
  }
  if (issue.code === 'invalid_value' && issue.values.length > 1) {
    const values = issue.values.map(String);
    const asked = typeof issue.input === 'string' ? suggestion(issue.input, values) : '';
    return `must be one of ${values.join(', ')}${asked}`;
  }
  return issue.message;
}

const nouns: Readonly<Record<string, string>> = {
  string: 'a text (put it in quotes)',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list ("- item" or [item])',
  object: 'a map of fields ("name: value")',
  record: 'a map of fields ("name: value")',
};

function nounOf(expected: string): string {
  return nouns[expected] ?? expected;
}

function kindOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? 'a text' : `a ${typeof value}`;
}

/** Names of the fields that the object at a path may have. */
type FieldIndex = (path: readonly (string | number)[]) => string[];

const jsonSchemaShape = z.looseObject({
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z.unknown().optional(),
  additionalProperties: z.unknown().optional(),
});

/** The schema as JSON Schema tells which fields an object has; only needed for suggestions, so made on first use. */
function createFieldIndex(): FieldIndex {
  let root: z.output<typeof jsonSchemaShape> | undefined;
  return (path) => {
    root ??= jsonSchemaShape.parse(z.toJSONSchema(configurationSchema, { io: 'input', unrepresentable: 'any' }));
    let schema: z.output<typeof jsonSchemaShape> | undefined = root;
    for (const part of path) {
      const next: unknown = typeof part === 'number' ? schema?.items : (schema?.properties?.[part] ?? schema?.additionalProperties);
      schema = jsonSchemaShape.safeParse(next).data;
    }
    return Object.keys(schema?.properties ?? {});
  };
}
