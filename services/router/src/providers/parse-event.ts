import { isRecord, SluiceError } from '@sluice/contracts';
import type { JsonObject } from '@sluice/dialects';

/**
 * The object that an event of a stream carries.
 * @throws SluiceError `provider_error` where it carries none
 */
export function parseEvent(data: string): JsonObject {
  try {
    const value: unknown = JSON.parse(data);
    if (isRecord(value)) return value;
  } catch (cause) {
    throw new SluiceError('provider_error', 'The provider sent a stream event that is not JSON.', {}, cause);
  }
  throw new SluiceError('provider_error', 'The provider sent a stream event that is not a JSON object.');
}
