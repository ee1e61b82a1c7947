import { expect, it } from 'vitest';
import { IdempotentRequests, type IdempotencyClaim, type PlainAnswer } from './idempotent-requests.ts';

let now = 0;
const body = Buffer.from('{"a":1}');
const headers = { 'idempotency-key': 'k-1' };

function answerOf(text: string): PlainAnswer {
  return { status: 200, headers: { 'x-request-id': 'req_1', 'x-sluice-cost-usd': '0.5', 'server-timing': 'x' }, body: Buffer.from(text) };
}

function fresh(requests: IdempotentRequests, sent: Record<string, string> = headers, keyId = 'key_a'): IdempotencyClaim {
  const begun = requests.begin(sent, keyId, body);
  if (begun?.kind !== 'fresh') throw new Error('not a fresh request');
  return begun;
}

function served(requests: IdempotentRequests, text = 'one', sent: Record<string, string> = headers): void {
  const claim = fresh(requests, sent);
  claim.keep(answerOf(text));
  claim.end();
}

const requests = (): IdempotentRequests => new IdempotentRequests(() => now);

it('does nothing without the header', () => {
  expect(requests().begin({}, 'key_a', body)).toBeUndefined();
});

it('refuses a repeat while the first is under way', () => {
  const some = requests();
  fresh(some);
  expect(() => some.begin(headers, 'key_a', body)).toThrow(expect.objectContaining({ code: 'conflict', status: 409 }));
});

it('gives the kept answer again, without what was true of its moment only', () => {
  const some = requests();
  served(some);
  expect(some.begin(headers, 'key_a', body)).toEqual({
    kind: 'replay',
    answer: {
      status: 200,
      headers: { 'x-request-id': 'req_1', 'x-sluice-cost-usd': '0', 'idempotent-replayed': 'true' },
      body: Buffer.from('one'),
    },
  });
});

it('takes a repeat for a fresh request where nothing was kept', () => {
  const some = requests();
  fresh(some).end();
  fresh(some);
});

it.each(['under way', 'answered'])('refuses another body under the key of a request that is %s', (state) => {
  const some = requests();
  if (state === 'answered') served(some);
  else fresh(some);
  expect(() => some.begin(headers, 'key_a', Buffer.from('{"a":2}'))).toThrow(
    expect.objectContaining({ code: 'invalid_request', detail: { param: 'idempotency-key' } }),
  );
});

it('keeps the keys of different owners apart', () => {
  const some = requests();
  served(some);
  fresh(some, headers, 'key_b');
});

it('forgets after ten minutes', () => {
  const some = requests();
  served(some);
  now += 600_000;
  fresh(some);
});

it('drops the oldest answer when there are too many bytes', () => {
  const some = requests();
  const large = 'x'.repeat(4 * 1024 * 1024);
  for (let index = 0; index < 17; index += 1) served(some, large, { 'idempotency-key': `k-${index}` });
  expect(some.begin({ 'idempotency-key': 'k-1' }, 'key_a', body)?.kind).toBe('replay');
  fresh(some, { 'idempotency-key': 'k-0' });
});

it('does not keep an answer that is too large', () => {
  const some = requests();
  served(some, 'x'.repeat(4 * 1024 * 1024 + 1));
  fresh(some);
});

it.each(['', 'a b', 'x'.repeat(256)])('refuses the key "%s"', (key) => {
  expect(() => requests().begin({ 'idempotency-key': key }, 'key_a', body)).toThrow(/idempotency-key/);
});
