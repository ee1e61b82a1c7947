import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readUsageEvent } from './read-usage-event.ts';

const everything = (): boolean => true;

function event(kind: 'intent' | 'settled' | 'refused' | 'supplement', data: object, id = `req_1:${kind}`): Buffer {
  return Buffer.from(
    JSON.stringify({ specversion: '1.0', id, type: `com.sluice.usage.${kind}.v1`, subject: 'acme/support/key_web', data }),
  );
}

describe('readUsageEvent', () => {
  it('reads the usage of a settled event', () => {
    const data = event('settled', { requestId: 'req_1', usage: { input: 5, output: 7 }, reservedBy: 'metering-1' });
    expect(readUsageEvent(data, everything, 'metering-1')).toEqual({
      kind: 'settled',
      requestId: 'req_1',
      usage: { input: 5, output: 7 },
    });
  });

  it('reads the usage of an end that names no reservation as counted apart', () => {
    const data = event('settled', { requestId: 'req_1', usage: { input: 5, output: 7 }, costNanoUsd: '9', attempts: [{ startedAt: 3 }] });
    expect(readUsageEvent(data, everything, 'metering-1')).toMatchObject({
      kind: 'settled',
      usage: { input: 0, output: 0 },
      apart: { eventId: 'req_1:settled', requestId: 'req_1', at: 3, use: { input: 5, output: 7, nanoUsd: 9 } },
    });
  });

  it('reads what took the place of another replica’s reservation as no use of this one', () => {
    const settled = (reservedBy: string) =>
      event('settled', { requestId: 'req_1', usage: { input: 5, output: 7 }, costNanoUsd: '9', reservedBy });
    expect(readUsageEvent(settled('metering-2'), everything, 'metering-1')).toMatchObject({
      usage: { input: 0, output: 0, costNanoUsd: 0 },
    });
    expect(readUsageEvent(settled('metering-1'), everything, 'metering-1')).toMatchObject({
      usage: { input: 5, output: 7, costNanoUsd: 9 },
    });
  });

  it.each(['settled', 'refused'] as const)('reads of a %s event whether more calls may come to light', (kind) => {
    const data = event(kind, { requestId: 'req_1', usage: { input: 5, output: 7 }, callsUnknown: true });
    expect(readUsageEvent(data, everything, 'metering-1')).toMatchObject({ kind: 'settled', usage: { callsUnknown: true } });
  });

  it('reads a refusal as no use', () => {
    expect(readUsageEvent(event('refused', { requestId: 'req_1' }), everything, 'metering-1')).toEqual({
      kind: 'settled',
      requestId: 'req_1',
      usage: { input: 0, output: 0 },
    });
  });

  it('reads the intent of a request that was sent round again as taken over, where another replica admitted it', () => {
    const again = (holder: string) => event('intent', { requestId: 'req_1', lease: { holder, number: 4 } }, 'req_1:intent-2');
    expect(readUsageEvent(again('metering-2/1'), everything, 'metering-1')).toEqual({
      kind: 'taken-over',
      requestId: 'req_1',
      attempt: 2,
    });
    expect(readUsageEvent(again('metering-1/3'), everything, 'metering-1')).toBeUndefined();
    expect(readUsageEvent(again('metering-2/1'), () => false, 'metering-1')).toBeUndefined();
  });

  it('reads a call that its request did not know of, whoever held that', () => {
    const about = {
      requestId: 'req_1',
      organization: 'acme',
      team: 'support',
      keyId: 'key_web',
      tags: { project: 'x' },
      modelAsked: 'chat',
    };
    const call = { ...about, attempts: [{ startedAt: 1_700_000_000_000 }], usage: { input: 5, output: 7 }, costNanoUsd: '9' };
    const data = event('supplement', call, 'req_1:call-2.1');
    expect(readUsageEvent(data, () => false, 'metering-1')).toEqual({
      kind: 'supplement',
      eventId: 'req_1:call-2.1',
      requestId: 'req_1',
      at: 1_700_000_000_000,
      asker: { organization: 'acme', team: 'support', keyId: 'key_web', tags: { project: 'x' }, model: 'chat' },
      use: { input: 5, output: 7, nanoUsd: 9 },
    });
  });

  it('passes over first intents', () => {
    expect(readUsageEvent(event('intent', { requestId: 'req_1' }), everything, 'metering-1')).toBeUndefined();
  });

  it('passes over what another replica holds', () => {
    expect(
      readUsageEvent(event('settled', { requestId: 'req_1', usage: { input: 5, output: 7 } }), () => false, 'metering-1'),
    ).toBeUndefined();
  });

  it.each([
    ['another request in the data', event('settled', { requestId: 'req_2', usage: { input: 5, output: 7 } })],
    ['no usage', event('settled', { requestId: 'req_1' })],
    ['usage that is no number', event('settled', { requestId: 'req_1', usage: { input: '5', output: null } })],
    ['a cut event', event('settled', { requestId: 'req_1', usage: { input: 5, output: 7 } }).subarray(0, 90)],
    ['no data', Buffer.from('{"id":"req_1:settled","type":"com.sluice.usage.settled.v1","data":null}')],
  ])('passes over an event with %s', (_name, data) => {
    expect(readUsageEvent(data, everything, 'metering-1')).toBeUndefined();
  });

  it('throws at nothing that can be on the subject', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 400 }),
          fc.json().map((text) => Buffer.from(`{"id":"req_1:settled","data":${text}}`)),
        ),
        (data) => {
          expect(() => readUsageEvent(data, everything, 'metering-1')).not.toThrow();
        },
      ),
    );
  });
});
