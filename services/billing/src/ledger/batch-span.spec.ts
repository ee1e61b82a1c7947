import { expect, it } from 'vitest';
import { createBatchSpans, unobserved } from './batch-span.ts';

const event = { subject: 'sluice.v1.usage.acme.red', data: new Uint8Array(), sequence: 1 };

it.each([
  ['without a tracer', unobserved],
  ['with spans', createBatchSpans()],
])('gives what the recording gives, %s', async (_, observe) => {
  expect(await observe([event], () => Promise.resolve('recorded'))).toBe('recorded');
});

it('throws on what the recording throws, so that the batch is delivered again', async () => {
  await expect(createBatchSpans()([event], () => Promise.reject(new Error('no database')))).rejects.toThrow('no database');
});

it('takes messages with and without a trace context, and with one that is none', async () => {
  const headers = (traceparent: string) => new Map([['traceparent', traceparent]]);
  const batch = [
    event,
    { ...event, headers: headers('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01') },
    { ...event, headers: headers('not a context') },
  ];
  expect(await createBatchSpans()(batch, () => Promise.resolve(batch.length))).toBe(3);
});
