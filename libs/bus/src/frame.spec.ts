import { SluiceError } from '@sluice/contracts';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeFrame, encodeFrame } from './frame.ts';

function errorOf(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (thrown) {
    return thrown;
  }
}

it('gives back every head and every body', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.uint8Array({ maxLength: 2_000 }), (head, rest) => {
      const { payload, headLength } = encodeFrame(head, rest);
      const frame = decodeFrame(payload, String(headLength));
      expect(JSON.stringify(frame.head)).toBe(JSON.stringify(head));
      expect(Buffer.from(frame.rest).equals(Buffer.from(rest))).toBe(true);
    }),
  );
});

it('reads a payload that is a part of a larger buffer', () => {
  const { payload, headLength } = encodeFrame({ id: 'ä' }, Buffer.from('rest'));
  const larger = Buffer.concat([Buffer.from('before'), payload, Buffer.from('after')]);
  const frame = decodeFrame(larger.subarray(6, 6 + payload.byteLength), String(headLength));
  expect(frame.head).toEqual({ id: 'ä' });
  expect(Buffer.from(frame.rest).toString()).toBe('rest');
});

it('refuses any bytes and any length that do not fit with an error that names the header', () => {
  const length = fc.oneof(fc.string(), fc.integer().map(String), fc.nat({ max: 300 }).map(String), fc.constant(undefined));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), length, (payload, headLength) => {
      const error = errorOf(() => decodeFrame(payload, headLength));
      if (error === undefined) return;
      expect(error).toBeInstanceOf(SluiceError);
      expect(error).toMatchObject({ code: 'invalid_request', detail: { param: 'Sluice-Envelope' } });
    }),
    { numRuns: 500 },
  );
});

it.each([undefined, '', '-1', '1.5', '0x1', '1e3', ' 2', '99', '9999999999'])('refuses the length %j', (headLength) => {
  expect(errorOf(() => decodeFrame(Buffer.from('{}'), headLength))).toMatchObject({ code: 'invalid_request' });
});

it('refuses a frame cut off in its head', () => {
  const { payload, headLength } = encodeFrame({ id: 'req_1' });
  expect(errorOf(() => decodeFrame(payload.subarray(0, 5), String(headLength)))).toMatchObject({ code: 'invalid_request' });
  expect(errorOf(() => decodeFrame(payload, '5'))).toMatchObject({ code: 'invalid_request' });
});
