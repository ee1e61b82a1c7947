import { EventStreamCodec } from '@smithy/core/event-streams';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AwsEventStreamParser } from './aws-event-stream.ts';

const codec = new EventStreamCodec(
  (bytes) => (typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString()),
  (text) => Buffer.from(text),
);

function frame(type: string, payload: string, kind = 'event'): Uint8Array {
  return codec.encode({
    headers: {
      [`:${kind}-type`]: { type: 'string', value: type },
      ':content-type': { type: 'string', value: 'application/json' },
      ':message-type': { type: 'string', value: kind },
    },
    body: Buffer.from(payload),
  });
}

const messages = fc.array(fc.tuple(fc.stringMatching(/^[a-zA-Z]{1,30}$/), fc.json()), { minLength: 1, maxLength: 8 });

describe('AwsEventStreamParser', () => {
  it('gives every message of the AWS codec, wherever its bytes are split', () => {
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (list, sizes) => {
        const bytes = Buffer.concat(list.map(([type, payload]) => frame(type, payload)));
        const parser = new AwsEventStreamParser();
        const events = [];
        for (let start = 0, turn = 0; start < bytes.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          events.push(...parser.push(bytes.subarray(start, start + size)));
          start += size;
        }
        expect([...events, ...parser.end()].map(({ event, data }) => [event, data])).toEqual(list);
        expect(Buffer.concat(events.map(({ raw }) => raw))).toEqual(bytes);
        expect(parser.pendingBytes).toBe(0);
      }),
    );
  });

  it('notices any changed byte that the checksums cover', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (position, change) => {
        const bytes = Buffer.from(frame('messageStop', '{"stopReason":"end_turn"}'));
        const at = position % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ change;
        const parser = new AwsEventStreamParser();
        expect(() => [...parser.push(bytes), ...parser.end()]).toThrow('The provider');
      }),
    );
  });

  it('names exceptions by their type', () => {
    const [event] = new AwsEventStreamParser().push(frame('throttlingException', '{"message":"slow down"}', 'exception'));
    expect(event).toMatchObject({ event: 'throttlingException', data: '{"message":"slow down"}' });
  });

  it('makes an event of an error that has no payload', () => {
    const bytes = codec.encode({
      headers: {
        ':message-type': { type: 'string', value: 'error' },
        ':error-code': { type: 'string', value: 'InternalError' },
        ':error-message': { type: 'string', value: 'broken' },
      },
      body: new Uint8Array(0),
    });
    expect(new AwsEventStreamParser().push(bytes)).toMatchObject([{ event: 'InternalError', data: '{"message":"broken"}' }]);
  });

  it('passes over headers of every other type', () => {
    const bytes = codec.encode({
      headers: {
        yes: { type: 'boolean', value: true },
        no: { type: 'boolean', value: false },
        byte: { type: 'byte', value: 1 },
        short: { type: 'short', value: 2 },
        integer: { type: 'integer', value: 3 },
        binary: { type: 'binary', value: Buffer.from('abc') },
        time: { type: 'timestamp', value: new Date(0) },
        uuid: { type: 'uuid', value: '00000000-0000-0000-0000-000000000000' },
        ':event-type': { type: 'string', value: 'metadata' },
      },
      body: Buffer.from('{}'),
    });
    expect(new AwsEventStreamParser().push(bytes)).toMatchObject([{ event: 'metadata', data: '{}' }]);
  });

  it('refuses a message over the bound before it is there', () => {
    const parser = new AwsEventStreamParser({ maxEventBytes: 100 });
    expect(() => parser.push(Buffer.from([0, 0, 0, 101]))).toThrow('more than 100 bytes');
  });

  it('refuses the beginning of a web page', () => {
    expect(() => new AwsEventStreamParser().push(Buffer.from('<html>'))).toThrow('more than');
  });

  it('refuses a stream that ends within a message', () => {
    const parser = new AwsEventStreamParser();
    parser.push(frame('messageStop', '{}').subarray(0, 20));
    expect(() => parser.end()).toThrow('within a message');
  });
});
