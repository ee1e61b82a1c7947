/**
 * A billing system of one's own: reads every usage event from JetStream, keeps each exactly once in SQLite, and says what
 * each organisation used and whether anything is missing.
 *
 *     NATS_URL=nats://127.0.0.1:4222 USAGE_BOOK=usage.db node examples/billing/consume-usage.ts
 *
 * `--once` ends when nothing is left to read. Replicas may share the durable consumer if they share the book.
 */
import { AckPolicy, connect, DeliverPolicy, type JetStreamClient, type JsMsg, type NatsConnection } from 'nats';
import { UsageBook, type UsageEvent } from './usage-book.ts';

const stream = 'USAGE';
const durable = process.env.USAGE_CONSUMER ?? 'external-billing';
const batchSize = 500;
const waitMs = 1_000;

const once = process.argv.includes('--once');
const book = new UsageBook(process.env.USAGE_BOOK ?? 'usage.db');
const connection = await connect({
  servers: process.env.NATS_URL ?? 'nats://127.0.0.1:4222',
  maxReconnectAttempts: -1,
  inboxPrefix: `_INBOX.${durable}`,
  ...(process.env.NATS_USER === undefined ? {} : { user: process.env.NATS_USER, pass: process.env.NATS_PASSWORD ?? '' }),
});
let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (stopping = true));

await follow(connection);
report();
book.close();
await connection.close();

async function follow(nats: NatsConnection): Promise<void> {
  // The stream keeps an event until the consumer has it, or for its age limit: a consumer that is away for days loses nothing.
  const manager = await nats.jetstreamManager();
  await manager.consumers.add(stream, {
    durable_name: durable,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: 30_000_000_000, // ns
    max_ack_pending: batchSize * 4,
  });
  for (;;) {
    const messages = await nextBatch(nats.jetstream());
    book.record(messages.map((message) => message.json<UsageEvent>()));
    // After the commit: a process that dies before it gets the batch again, and one that dies after it ignores the repeat.
    for (const message of messages) message.ack();
    if (stopping || (once && messages.length === 0)) return;
  }
}

async function nextBatch(jetstream: JetStreamClient): Promise<JsMsg[]> {
  const consumer = await jetstream.consumers.get(stream, durable);
  const messages: JsMsg[] = [];
  for await (const message of await consumer.fetch({ max_messages: batchSize, expires: waitMs })) messages.push(message);
  return messages;
}

function report(): void {
  for (const { organization, settled, refused, open, nanoUsd } of book.sums()) {
    process.stdout.write(`${organization}: ${settled} settled, ${refused} refused, ${open} open, ${nanoUsd} nano-USD\n`);
  }
  const gaps = book.gaps();
  for (const { source, after, before } of gaps) process.stdout.write(`missing: ${source} between ${after} and ${before}\n`);
  if (gaps.length === 0) process.stdout.write('nothing is missing\n');
}
