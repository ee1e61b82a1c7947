import { SluiceError } from '@sluice/contracts';
import { hasEscapedName } from '@sluice/dialects';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** @throws SluiceError `invalid_request` where the bytes are not JSON in UTF-8, or may be read otherwise by the provider */
export function readJson(body: Uint8Array): unknown {
  const { text, value } = decode(body);
  if (hasEscapedName(text))
    throw new SluiceError(
      'invalid_request',
      'A member name of the request body has a letter, digit or one of "_", "-", ".", "$" written as an escape (\\u006d for "m"), which readers of JSON do not all take for the same name; write it as it is.',
    );
  return value;
}

function decode(body: Uint8Array): { readonly text: string; readonly value: unknown } {
  try {
    const text = decoder.decode(body);
    return { text, value: JSON.parse(text) as unknown };
  } catch (cause) {
    throw new SluiceError('invalid_request', 'The request body is not valid JSON in UTF-8.', {}, cause);
  }
}
