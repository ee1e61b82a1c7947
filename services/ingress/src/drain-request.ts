import type { IncomingMessage } from 'node:http';

/** Of a body that is refused for its size, this much is still read. */
const drainLimitBytes = 64 * 1024 * 1024;
const drainTimeMs = 5_000;

/**
 * Reads and forgets the rest of a body that will not be used, within bounds. A server that answers and closes while the
 * client still sends makes the kernel reset the connection, and most clients then report the reset and not the answer.
 */
export function drainRequest(request: IncomingMessage): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  let readBytes = 0;
  const done = (): void => {
    clearTimeout(timer);
    request.off('data', count).off('end', done).off('close', done);
    resolve(undefined);
  };
  const count = (chunk: Buffer): void => {
    readBytes += chunk.byteLength;
    if (readBytes > drainLimitBytes) done();
  };
  const timer = setTimeout(done, drainTimeMs);
  request.on('data', count).on('end', done).on('close', done);
  if (request.readableEnded || request.destroyed) done();
  else request.resume();
  return promise;
}
