import { SluiceError } from '@sluice/contracts';

/** Runs `read` over what a provider sent: an answer that nests too deep to be walked or printed is the provider's fault, not the client's. */
export function readingAnswer<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    const tooDeep = cause instanceof RangeError || (cause instanceof SluiceError && cause.code === 'invalid_request');
    throw tooDeep ? new SluiceError('provider_error', 'The provider sent an answer that nests too deep to be read.', {}, cause) : cause;
  }
}
