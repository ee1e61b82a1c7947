import { SluiceError } from '@sluice/contracts';
import { consumerOpts, type NatsConnection } from 'nats';
import type { ReadStreamOptions } from './bus.ts';

/** Longest wait for the next message while some are known to be there. */
const silenceMs = 5_000;

/**
 * Reads what a stream holds, from a time to its newest message, without leaving anything behind: an ordered consumer of its
 * own, which the server forgets.
 * @throws SluiceError `stage_unavailable` where the stream goes silent before its end
 */
export async function readStream(connection: NatsConnection, { stream, since, handle }: ReadStreamOptions): Promise<void> {
  const manager = await connection.jetstreamManager();
  const { state, config } = await manager.streams.info(stream);
  const [subject] = config.subjects;
  if (subject === undefined || state.messages === 0 || Date.parse(state.last_ts) < since) return;
  const options = consumerOpts();
  options.orderedConsumer();
  options.startTime(new Date(since));
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const silent = (): void => {
    reject(new SluiceError('stage_unavailable', `The stream ${stream} fell silent before its end; try again.`));
  };
  let timer = setTimeout(silent, silenceMs);
  options.callback((error, message) => {
    if (error !== null || message === null) return;
    try {
      handle(message.data);
    } catch (thrown) {
      reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
      return;
    }
    clearTimeout(timer);
    if (message.info.streamSequence >= state.last_seq) resolve(undefined);
    else timer = setTimeout(silent, silenceMs);
  });
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the newer way pulls, and the right to pull from a stream is one to take from every consumer of it
  const subscription = await connection.jetstream().subscribe(subject, options);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    subscription.unsubscribe();
  }
}
