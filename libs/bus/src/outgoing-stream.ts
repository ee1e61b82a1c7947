import { headers as headerNames, SluiceError, type Answer } from '@sluice/contracts';
import type { NatsConnection } from 'nats';
import { HeaderBlock } from './header-block.ts';
import type { Inbox } from './inbox.ts';
import { publishMessage } from './publish-message.ts';
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
    const headers = new HeaderBlock()
      .set(headerNames.type, 'chunk')
      .set(headerNames.attempt, turn.attempt)
      .set(headerNames.sequence, sequence);
    if (sequence === 0) {
      const text = JSON.stringify(head);
      const textBytes = Buffer.byteLength(text);
      headers.set(headerNames.envelope, textBytes).set(headerNames.instance, sender.instance);
      publishMessage(sender.connection, { subject: turn.reply, reply: inbox.subject, headers, text, textBytes, rest: bytes });
    } else {
      publishMessage(sender.connection, { subject: turn.reply, headers, rest: bytes });
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
  const headers = new HeaderBlock().set(headerNames.attempt, turn.attempt).set(headerNames.sequence, sequence);
  if (error === undefined) {
    const text = JSON.stringify(answer);
    const textBytes = Buffer.byteLength(text);
    headers.set(headerNames.type, 'final').set(headerNames.envelope, textBytes);
    publishMessage(sender.connection, { subject: turn.reply, headers, text, textBytes });
    return;
  }
  const failure = {
    error: { stage: head.stage, ...error.toWire() },
    attempts: answer.attempts,
    found: answer.found,
    guards: answer.guards,
    timings: answer.timings,
  };
  headers.set(headerNames.type, 'error');
  publishMessage(sender.connection, { subject: turn.reply, headers, text: JSON.stringify(failure) });
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
