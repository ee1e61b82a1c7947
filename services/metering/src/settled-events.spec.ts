import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSettlement } from './settled-events.ts';

const everything = (): boolean => true;

function event(kind: 'intent' | 'settled' | 'refused', data: object): Buffer {
  return Buffer.from(
    JSON.stringify({ specversion: '1.0', id: `req_1:${kind}`, type: `com.sluice.usage.${kind}.v1`, subject: 'acme/support/key_web', data }),
  );
}

describe('readSettlement', () => {
  it('reads the usage of a settled event', () => {
    const data = event('settled', { requestId: 'req_1', usage: { input: 5, output: 7 } });
    expect(readSettlement(data, everything, 'metering-1')).toEqual({ requestId: 'req_1', usage: { input: 5, output: 7 } });
  });

  it('reads what took the place of another replica’s reservation as no use of this one', () => {
    const settled = (reservedBy: string) =>
      event('settled', { requestId: 'req_1', usage: { input: 5, output: 7 }, costNanoUsd: '9', reservedBy });
    expect(readSettlement(settled('metering-2'), everything, 'metering-1')?.usage).toEqual({ input: 0, output: 0, costNanoUsd: 0 });
    expect(readSettlement(settled('metering-1'), everything, 'metering-1')?.usage).toEqual({ input: 5, output: 7, costNanoUsd: 9 });
  });

  it('reads a refusal as no use', () => {
    expect(readSettlement(event('refused', { requestId: 'req_1' }), everything, 'metering-1')).toEqual({
      requestId: 'req_1',
      usage: { input: 0, output: 0 },
    });
  });

  it('passes over intents', () => {
    expect(readSettlement(event('intent', { requestId: 'req_1' }), everything, 'metering-1')).toBeUndefined();
  });

  it('passes over what another replica holds', () => {
    expect(
      readSettlement(event('settled', { requestId: 'req_1', usage: { input: 5, output: 7 } }), () => false, 'metering-1'),
    ).toBeUndefined();
  });

  it.each([
    ['another request in the data', event('settled', { requestId: 'req_2', usage: { input: 5, output: 7 } })],
    ['no usage', event('settled', { requestId: 'req_1' })],
    ['usage that is no number', event('settled', { requestId: 'req_1', usage: { input: '5', output: null } })],
    ['a cut event', event('settled', { requestId: 'req_1', usage: { input: 5, output: 7 } }).subarray(0, 90)],
    ['no data', Buffer.from('{"id":"req_1:settled","type":"com.sluice.usage.settled.v1","data":null}')],
  ])('passes over an event with %s', (_name, data) => {
    expect(readSettlement(data, everything, 'metering-1')).toBeUndefined();
  });

  it('throws at nothing that can be on the subject', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 400 }),
          fc.json().map((text) => Buffer.from(`{"id":"req_1:settled","data":${text}}`)),
        ),
        (data) => {
          expect(() => readSettlement(data, everything, 'metering-1')).not.toThrow();
        },
      ),
    );
  });
});
