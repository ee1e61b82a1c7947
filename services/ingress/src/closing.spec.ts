import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it, vi } from 'vitest';
import { chat, openEdge, plainAnswer } from './edge-harness.ts';

const edge = await openEdge();

it('ends what it has under way, and refuses what comes after it on the same connection, in the dialect of its caller', async () => {
  const asked = Promise.withResolvers<undefined>();
  const answered = Promise.withResolvers<undefined>();
  edge.answerWith(async () => {
    asked.resolve(undefined);
    await answered.promise;
    return plainAnswer();
  });
  const socket = connect(Number(new URL(edge.url).port), '127.0.0.1');
  await once(socket, 'connect');
  const all = text(socket);
  socket.write(requestOf('/v1/chat/completions', chat));
  await asked.promise;
  const closed = edge.close();
  await vi.waitUntil(() =>
    fetch(`${edge.url}/healthz`).then(
      () => false,
      () => true, // it listens no more
    ),
  );
  await new Promise((resolve) =>
    socket.write(requestOf('/v1/messages', { model: 'chat', max_tokens: 5, messages: [{ role: 'user', content: 'Hello?' }] }), resolve),
  );
  answered.resolve(undefined);
  const [, first, second] = (await all).split('HTTP/1.1 ');
  expect(first?.slice(0, 3)).toBe('200');
  expect(second).toMatch(
    /^503 .*connection: close\r\n.*retry-after: 1\r\n.*\r\n\r\n\{"type":"error","error":\{"type":"overloaded_error",/is,
  );
  await closed;
});

function requestOf(path: string, body: object): string {
  const json = JSON.stringify(body);
  const headers = [
    'host: edge',
    'authorization: Bearer sk-sluice-test',
    'content-type: application/json',
    `content-length: ${json.length}`,
  ];
  return `POST ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${json}`;
}
