/** The two-part payload of design section 1: a JSON head, then raw bytes; `Sluice-Envelope` carries the head's length. */
import { SluiceError } from '@sluice/contracts';

const noBytes = new Uint8Array(0);

export interface Frame {
  readonly head: unknown;
  readonly rest: Uint8Array;
}

/** Joins head and rest in one buffer; the only copy of the body at a hop. */
export function encodeFrame(head: unknown, rest: Uint8Array = noBytes): { readonly payload: Uint8Array; readonly headLength: number } {
  const text = JSON.stringify(head);
  const headLength = Buffer.byteLength(text);
  const payload = Buffer.allocUnsafe(headLength + rest.byteLength);
  payload.write(text, 0, headLength, 'utf8');
  if (rest.byteLength > 0) payload.set(rest, headLength);
  return { payload, headLength };
}

/**
 * @param headLength text of the `Sluice-Envelope` header
 * @throws SluiceError `invalid_request` where the length or the JSON does not hold
 */
export function decodeFrame(payload: Uint8Array, headLength: string | undefined): Frame {
  const length = headLength !== undefined && /^\d{1,9}$/.test(headLength) ? Number(headLength) : Number.NaN;
  if (!(length <= payload.byteLength)) {
    throw new SluiceError('invalid_request', 'Header Sluice-Envelope must be the byte length of the JSON at the head of the payload.', {
      param: 'Sluice-Envelope',
    });
  }
  try {
    const text = Buffer.from(payload.buffer, payload.byteOffset, length).toString('utf8');
    return { head: JSON.parse(text) as unknown, rest: payload.subarray(length) };
  } catch (cause) {
    throw new SluiceError('invalid_request', 'The head of the message is not JSON.', { param: 'Sluice-Envelope' }, cause);
  }
}
