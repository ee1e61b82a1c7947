import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerHeaders, usd } from './answer-headers.ts';
import { attempt } from './edge-harness.ts';

const request = { id: 'req_1', dialect: 'openai-chat' as const };
const told = { attempts: [attempt()], found: {}, guards: [], timings: [] };

describe('usd', () => {
  it.each([
    [0n, '0'],
    [1n, '0.000000001'],
    [1_500n, '0.0000015'],
    [1_000_000_000n, '1'],
    [12_340_000_000n, '12.34'],
    [9_007_199_254_740_993_000_000_000n, '9007199254740993'],
  ])('%d nano-USD are %s', (nanoUsd, text) => {
    expect(usd(nanoUsd)).toBe(text);
  });

  it('loses no digit', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 24n }), (nanoUsd) => {
        const [whole = '', fraction = ''] = usd(nanoUsd).split('.');
        expect(BigInt(whole + fraction.padEnd(9, '0'))).toBe(nanoUsd);
      }),
    );
  });
});

describe('answerHeaders', () => {
  it('tell everything that the stages found', () => {
    const headers = answerHeaders(
      request,
      {
        provider: 'sim',
        model: 'sim-1',
        attempts: [attempt({ failure: 'timeout', usage: undefined, costNanoUsd: undefined }), attempt()],
        found: {
          metering: { requests: { limit: 10, remaining: 9, resetMs: 1_500 }, tokens: { limit: 1_000, remaining: 0, resetMs: 60_000 } },
          cache: { state: 'miss' },
        },
        guards: [
          { guard: 'injection', ran: true, action: 'flag' },
          { guard: 'masking', ran: false, reason: 'unavailable' },
        ],
        timings: [
          ['metering', 0.5],
          ['router', 12.25],
        ],
      },
      20,
    );
    expect(headers).toEqual({
      'x-request-id': 'req_1',
      'x-sluice-attempts': '2',
      'x-sluice-model': 'sim-1',
      'x-sluice-provider': 'sim',
      'x-sluice-cache': 'miss',
      'x-sluice-cost-usd': '0.0000015',
      'x-sluice-guards': 'injection=flag, masking=skipped:unavailable',
      'x-ratelimit-limit-requests': '10',
      'x-ratelimit-remaining-requests': '9',
      'x-ratelimit-reset-requests': '1.500s',
      'x-ratelimit-limit-tokens': '1000',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '60.000s',
      'server-timing': 'metering;dur=0.5, router;dur=12.25, overhead;dur=10.000',
    });
  });

  it('tell of a cache hit: free, how alike, how old', () => {
    expect(
      answerHeaders(request, { ...told, attempts: [], found: { cache: { state: 'semantic', similarity: 0.98765, ageSeconds: 3.9 } } }, 1),
    ).toMatchObject({
      'x-sluice-cache': 'semantic',
      'x-sluice-cache-similarity': '0.9877',
      'x-sluice-cost-usd': '0',
      age: '3',
    });
  });

  it('name no cost that is not known', () => {
    const { costNanoUsd: _unpriced, ...withoutPrice } = attempt();
    expect(_unpriced).toBe('1500');
    expect(answerHeaders(request, { ...told, attempts: [withoutPrice] }, 1)).not.toHaveProperty('x-sluice-cost-usd');
  });

  it('hold no character that a header must not', () => {
    expect(answerHeaders(request, { ...told, model: 'a\r\nb' }, 1)['x-sluice-model']).toBe('a??b');
  });
});
