/**
 * Loaded into every supervised Node process (`node --import`): when the supervisor is gone without a word, the process has three seconds to
 * stop by itself. Its NATS server and database are gone too, so an orderly drain could wait for them in vain.
 */
const graceMs = 3_000;

process.once('disconnect', () => {
  setTimeout(() => process.exit(1), graceMs).unref();
});
// A listener keeps the channel, and with it the process, alive: a program that has nothing left to do may still end.
process.channel?.unref();
