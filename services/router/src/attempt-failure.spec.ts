import { modelSchema } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { dispositionOf, failureOfError, readRetryAfterMs } from './attempt-failure.ts';

const { retries } = modelSchema.parse({ name: 'm', targets: [{ provider: 'p', model: 'm' }], retries: { statuses: [429, 500, 503, 529] } });

describe('dispositionOf', () => {
  it.each([
    [500, 'retry'],
    [529, 'retry'],
    [501, 'next'],
    [302, 'next'],
    [401, 'next'],
    [402, 'next'],
    [403, 'next'],
    [409, 'next'],
    [400, 'final'],
    [404, 'next'],
    [413, 'final'],
    [422, 'final'],
  ])('of %i is %s', (status, disposition) => {
    expect(dispositionOf(status, retries)).toBe(disposition);
  });
});

describe('readRetryAfterMs', () => {
  it.each([
    [{ 'retry-after': '2' }, 2_000],
    [{ 'retry-after': ' 0.5 ' }, 500],
    [{ 'retry-after-ms': '250', 'retry-after': '9' }, 250],
    [{ 'retry-after': 'Thu, 01 Jan 1970 00:00:05 GMT' }, 4_000],
    [{ 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 0],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '999999999' }, 86_400_000],
    [{}, undefined],
  ])('reads %j', (headers, expected) => {
    expect(readRetryAfterMs(headers, 1_000)).toBe(expected);
  });
});

describe('failureOfError', () => {
  const coded = (code: string): Error => Object.assign(new Error('details'), { code });

  it('tells a refused connection from one that was lost', () => {
    expect(failureOfError(coded('ECONNREFUSED'), false).kind).toBe('connect');
    expect(failureOfError(coded('UND_ERR_CONNECT_TIMEOUT'), false).kind).toBe('connect');
    expect(failureOfError(coded('UND_ERR_SOCKET'), false).kind).toBe('connection_lost');
  });

  it('calls what breaks after the head a broken stream', () => {
    expect(failureOfError(coded('UND_ERR_SOCKET'), true).kind).toBe('broken_stream');
  });
});
