import { headers as headerNames, SluiceError, type Answer } from '@sluice/contracts';
import type { NatsConnection } from 'nats';
import { encodeFrame } from './frame.ts';
import { HeaderBlock } from './header-block.ts';
import type { Inbox } from './inbox.ts';
import type { ReplyStream } from './stage.ts';

/** Chunks that may be under way without ingress having written them out: bounds its memory for a slow client. */
export const streamWindowChunks = 64;
/** Largest chunk message; a longer one is cut. */
const chunkLimitBytes = 64 * 1024;
/** How long a full window is waited for before the stream counts as abandoned. */
const creditTimeoutMs = 60_000;

interface StreamSender {
  readonly connection: NatsConnection;
  readonly inbox: Inbox;
  readonly instance: string;
}

interface StreamTurn {
  readonly envelope: { readonly id: string };
  readonly attempt: number;
  readonly reply: string;
  readonly signal: AbortSignal;
}

/** Sends a stream to ingress's inbox: numbered chunks within the credit window, then exactly one `final`. */
export async function sendStream(turn: StreamTurn, stream: ReplyStream, head: Answer, sender: StreamSender): Promise<void> {
  const credit = new CreditWindow();
  const inbox = sender.inbox.open(`credit-${turn.envelope.id}-${turn.attempt}`, (message) => {
    credit.consumed(Number(message.string()));
  });
  let sequence = 0;
  const publish = (bytes: Uint8Array): void => {
    const block = new HeaderBlock()
      .set(headerNames.type, 'chunk')
      .set(headerNames.attempt, turn.attempt)
      .set(headerNames.sequence, sequence);
    if (sequence === 0) {
      const { payload, headLength } = encodeFrame(head, bytes);
      block.set(headerNames.envelope, headLength).set(headerNames.instance, sender.instance);
      sender.connection.publish(turn.reply, payload, { reply: inbox.subject, headers: block.forPublish() });
    } else {
      sender.connection.publish(turn.reply, bytes, { headers: block.forPublish() });
    }
    sequence += 1;
  };
  let thrown: unknown;
  try {
    for await (const chunk of stream.chunks) {
      for (let offset = 0; offset < chunk.byteLength; offset += chunkLimitBytes) {
        if (sequence - credit.taken >= streamWindowChunks) await credit.wait(sequence - streamWindowChunks + 1, turn.signal);
        publish(chunk.byteLength <= chunkLimitBytes ? chunk : chunk.subarray(offset, offset + chunkLimitBytes));
      }
    }
    turn.signal.throwIfAborted();
  } catch (cause) {
    thrown = cause;
  } finally {
    sender.inbox.close(inbox);
  }
  sendEnd(turn, stream, head, sender, thrown, sequence);
}

function sendEnd(turn: StreamTurn, stream: ReplyStream, head: Answer, sender: StreamSender, thrown: unknown, sequence: number): void {
  const end = stream.end(thrown);
  const error = end.error ?? (thrown === undefined ? undefined : SluiceError.from(thrown));
  const answer: Answer = {
    ...head,
    ...(end.usage === undefined ? {} : { usage: end.usage }),
    ...(end.finishReason === undefined ? {} : { finishReason: end.finishReason }),
    attempts: end.attempts ?? head.attempts,
  };
  const block = new HeaderBlock().set(headerNames.attempt, turn.attempt).set(headerNames.sequence, sequence);
  if (error === undefined) {
    const { payload, headLength } = encodeFrame(answer);
    block.set(headerNames.type, 'final').set(headerNames.envelope, headLength);
    sender.connection.publish(turn.reply, payload, { headers: block.forPublish() });
    return;
  }
  const failure = {
    error: { stage: head.stage, ...error.toWire() },
    attempts: answer.attempts,
    found: answer.found,
    guards: answer.guards,
    timings: answer.timings,
  };
  block.set(headerNames.type, 'error');
  sender.connection.publish(turn.reply, JSON.stringify(failure), { headers: block.forPublish() });
}

/** Counts what ingress has written out, and lets the sender wait for it. */
class CreditWindow {
  taken = 0;
  #waiter: { readonly needed: number; readonly resolve: () => void } | undefined;

  consumed(total: number): void {
    if (total > this.taken) this.taken = total;
    if (this.#waiter !== undefined && this.taken >= this.#waiter.needed) this.#waiter.resolve();
  }

  async wait(needed: number, signal: AbortSignal): Promise<void> {
    if (this.taken >= needed) return;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const abort = (): void => {
      reject(SluiceError.from(signal.reason));
    };
    const timer = setTimeout(() => {
      reject(new SluiceError('client_closed_request', 'The client stopped reading.'));
    }, creditTimeoutMs);
    this.#waiter = {
      needed,
      resolve: () => {
        resolve(undefined);
      },
    };
    signal.addEventListener('abort', abort, { once: true });
    try {
      if (signal.aborted) abort();
      await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      this.#waiter = undefined;
    }
  }
}
