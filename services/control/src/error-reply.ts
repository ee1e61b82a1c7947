import { errorTable, SluiceError } from '@sluice/contracts';
import type { Problem } from './problem.ts';

/** The body of every error: OpenAI's shape, and each fault of a configuration on its own. */
export function errorBodyOf(error: SluiceError, problems?: readonly Problem[]): object {
  return {
    error: {
      message: error.message,
      type: errorTable[error.code].openaiType,
      param: error.detail.param ?? null,
      code: error.code,
      ...(problems === undefined ? {} : { problems: problems.map(({ path, ...rest }) => ({ ...rest, path: path.join('.') })) }),
    },
  };
}

/** Ours as it is, those of fastify by their status, anything else as a bare internal error. */
export function toSluiceError(thrown: unknown, maxBodyBytes: number): SluiceError {
  if (thrown instanceof SluiceError || !(thrown instanceof Error)) return SluiceError.from(thrown);
  const status = 'statusCode' in thrown && typeof thrown.statusCode === 'number' ? thrown.statusCode : 500;
  if (status === 413) return new SluiceError('request_too_large', `The body is larger than ${maxBodyBytes} bytes.`, {}, thrown);
  if (status === 415) return new SluiceError('unsupported_media_type', 'Send application/json or application/yaml.', {}, thrown);
  if (status >= 400 && status < 500) return new SluiceError('invalid_request', 'The request is malformed.', {}, thrown);
  return SluiceError.from(thrown);
}
