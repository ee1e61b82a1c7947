import { SluiceError } from '@sluice/contracts';
import { asArray, isObject, type JsonObject } from '../json-value.ts';

/** @throws SluiceError `invalid_request` always */
export function fail(message: string, param?: string): never {
  throw new SluiceError('invalid_request', message, param === undefined ? {} : { param });
}

/** OpenAI reads `null` as absent in every optional field. */
export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

export function checkBoolean(value: unknown, path: string): boolean | undefined {
  if (isAbsent(value)) return undefined;
  if (typeof value !== 'boolean') fail(`${path} must be true or false.`, path);
  return value;
}

export function checkString(value: unknown, path: string): string | undefined {
  if (isAbsent(value)) return undefined;
  if (typeof value !== 'string') fail(`${path} must be a string.`, path);
  return value;
}

export function checkObject(value: unknown, path: string): JsonObject | undefined {
  if (isAbsent(value)) return undefined;
  if (!isObject(value)) fail(`${path} must be an object.`, path);
  return value;
}

export function checkInteger(value: unknown, path: string, least: number, most: number): number | undefined {
  const number = checkNumber(value, path, least, most, 'a whole number');
  if (number !== undefined && !Number.isInteger(number)) fail(`${path} must be a whole number.`, path);
  return number;
}

export function checkNumber(value: unknown, path: string, least: number, most: number, kind = 'a number'): number | undefined {
  if (isAbsent(value)) return undefined;
  if (typeof value !== 'number') fail(`${path} must be ${kind}.`, path);
  if (!(value >= least && value <= most)) fail(`${path} must be ${kind} from ${least} to ${most}.`, path);
  return value;
}

const maxModelLength = 200;

/** Far beyond any model; keeps products of it exact. */
export const maxTokens = 1_000_000_000;

export function checkModel(model: unknown): string {
  if (typeof model !== 'string' || model === '')
    fail('model is required: give the name of a model as a string; GET /v1/models lists them.', 'model');
  if (model.length > maxModelLength) fail(`model must be at most ${maxModelLength} characters long.`, 'model');
  return model;
}

function checkStop(stop: unknown): void {
  if (isAbsent(stop) || typeof stop === 'string') return;
  if (!Array.isArray(stop) || asArray(stop).some((item) => typeof item !== 'string'))
    fail('stop must be a string or an array of strings.', 'stop');
}

const numberRanges = [
  ['temperature', 0, 2],
  ['top_p', 0, 1],
  ['frequency_penalty', -2, 2],
  ['presence_penalty', -2, 2],
] as const;

/** Options by which OpenAI's interfaces steer what a model draws. */
export function checkSampling(body: JsonObject): void {
  for (const [field, least, most] of numberRanges) checkNumber(body[field], field, least, most);
  checkInteger(body.seed, 'seed', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  checkObject(body.logit_bias, 'logit_bias');
  checkString(body.user, 'user');
  checkStop(body.stop);
}
