import { startNatsServer, type NatsServer } from '@sluice/testing';
import fc from 'fast-check';
import { connect, headers, type Msg, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { headerReader } from './incoming-headers.ts';

let server: NatsServer;
let connection: NatsConnection;

beforeAll(async () => {
  server = await startNatsServer();
  connection = await connect({ servers: server.url });
});

afterAll(async () => {
  await connection.close();
  await server.stop();
});

async function received(publish: (subject: string) => void): Promise<Msg> {
  const { promise, resolve } = Promise.withResolvers<Msg>();
  connection.subscribe('headers', {
    max: 1,
    callback: (_error, message) => {
      resolve(message);
    },
  });
  publish('headers');
  return promise;
}

describe('headerReader', () => {
  it('reads what the client of the library reads', async () => {
    const value = fc.stringMatching(/^[!-~]([ -~]{0,30}[!-~])?$/);
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom('Sluice-Slip', 'Sluice-Deadline', 'traceparent', 'X'), value), async (wanted) => {
        const block = headers();
        for (const [name, text] of Object.entries(wanted)) block.set(name, text);
        const message = await received((subject) => {
          connection.publish(subject, 'data', { headers: block });
        });
        const read = headerReader(message);
        for (const name of ['Sluice-Slip', 'Sluice-Deadline', 'Traceparent', 'traceparent', 'X', 'Absent']) {
          expect(read(name)).toBe(message.headers?.get(name) ?? '');
        }
      }),
      { numRuns: 50 },
    );
  });

  it('finds nothing in a message without headers', async () => {
    const message = await received((subject) => {
      connection.publish(subject, '\r\nSluice-Slip: not a header\r\n');
    });
    expect(headerReader(message)('Sluice-Slip')).toBe('');
  });

  it('leaves the data alone', async () => {
    const block = headers();
    block.set('X', '1');
    const message = await received((subject) => {
      connection.publish(subject, '\r\nSluice-Slip: not a header\r\n', { headers: block });
    });
    expect(headerReader(message)('Sluice-Slip')).toBe('');
    expect(headerReader(message)('X')).toBe('1');
  });
});
