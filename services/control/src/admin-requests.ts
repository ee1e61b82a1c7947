import { budgetSchema, calls, limitsSchema, subjectToken, throttleSchema } from '@sluice/contracts';
import { SluiceError } from '@sluice/contracts';
import { z } from 'zod';

const optionalText = z.string().min(1).max(200).optional();
const limit = (most: number, usual: number) => z.coerce.number().int().min(1).max(most).default(usual);
const epochMs = z.coerce.number().int().nonnegative().optional();
const versionNumber = z.coerce.number().int().positive('give the number of a version').max(2_147_483_647);

/** Queries and bodies of the admin API. */
export const configurationQuery = z.strictObject({ version: versionNumber.optional() });
export const versionsQuery = z.strictObject({ limit: limit(500, 50), before: versionNumber.optional() });
export const rollbackBody = z.strictObject({ version: versionNumber });
export const keysQuery = z.strictObject({
  organization: optionalText,
  team: optionalText,
  includeRevoked: z
    .enum(['true', 'false'], 'write true or false')
    .default('false')
    .transform((text) => text === 'true'),
  limit: limit(500, 100),
  after: optionalText,
});
export const keyBody = z.strictObject({
  name: subjectToken,
  organization: subjectToken.default('default'),
  team: subjectToken.default('default'),
  models: z.array(z.string().min(1).max(200)).min(1, 'name a model, or leave models out for all').max(1_000).nullable().default(null),
  policy: subjectToken.nullable().default(null),
  limits: limitsSchema.default({}),
  budgets: z.array(budgetSchema).max(10).default([]),
});
export const keyParameters = z.object({ id: z.string().max(100) });
export const throttleBody = z.strictObject({
  requestsPerMinute: throttleSchema.shape.requestsPerMinute,
  minutes: z.number().int().min(1).max(43_200, 'write 43200, thirty days, at most'),
  reason: throttleSchema.shape.reason.default('an operator slowed this key'),
});
export const auditQuery = z.strictObject({
  organization: optionalText,
  requestId: optionalText,
  keyId: optionalText,
  type: optionalText,
  before: epochMs,
  limit: limit(500, 50),
});
export const requestsQuery = z.strictObject({
  ...calls.listRequests.request.shape,
  before: epochMs,
  limit: limit(500, 50),
});

/** @throws SluiceError `invalid_request` naming the first field at fault and, for it and the others, the fix */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => {
    const path = [...issue.path, ...(issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [])].map(String).join('.');
    return { path, text: issue.code === 'unrecognized_keys' ? 'is not a field here' : issue.message };
  });
  const message = faults.map(({ path, text }) => (path === '' ? text : `${path}: ${text}`)).join('; ');
  const param = faults[0]?.path;
  throw new SluiceError('invalid_request', message, param === undefined || param === '' ? {} : { param });
}

/** @throws SluiceError `invalid_request` where the text is not JSON */
export function parseJson<Schema extends z.ZodType>(schema: Schema, text: unknown): z.output<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(typeof text === 'string' ? text : '');
  } catch (cause) {
    throw new SluiceError('invalid_request', 'The body must be a JSON object.', {}, cause);
  }
  return parse(schema, value);
}
