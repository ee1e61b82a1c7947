import { SluiceError } from '@sluice/contracts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** @throws SluiceError `invalid_request` where the bytes are not JSON in UTF-8 */
export function readJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(body));
  } catch (cause) {
    throw new SluiceError('invalid_request', 'The request body is not valid JSON in UTF-8.', {}, cause);
  }
}
