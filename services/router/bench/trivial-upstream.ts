/** Answers the same bytes to every chat request, as cheaply as a Node process can: HTTP is read only as far as needed. */
import { createServer } from 'node:net';

const answer = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1_767_225_600,
  model: 'gpt-4o-mini',
  choices: [{ index: 0, message: { role: 'assistant', content: 'The sea is wide. '.repeat(20) }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 80, completion_tokens: 100, total_tokens: 180 },
});
const chunk = (delta: object, finish: string | null): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'gpt-4o-mini', choices: [{ index: 0, delta, finish_reason: finish }], usage: null })}\n\n`;
const usage = `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [], usage: { prompt_tokens: 80, completion_tokens: 100, total_tokens: 180 } })}\n\n`;
const events = [
  chunk({ role: 'assistant', content: '' }, null),
  ...Array.from({ length: 100 }, () => chunk({ content: ' sea' }, null)),
  chunk({}, 'stop'),
  usage,
  'data: [DONE]\n\n',
].join('');
const reply = (type: string, body: string): Buffer =>
  Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: keep-alive\r\n\r\n${body}`,
  );
const plain = reply('application/json', answer);
const stream = reply('text/event-stream', events);

const server = createServer({ noDelay: true }, (socket) => {
  let pending = '';
  socket.on('data', (data: Buffer) => {
    pending += data.toString('latin1');
    for (;;) {
      const headEnd = pending.indexOf('\r\n\r\n');
      if (headEnd === -1) return;
      const length = Number(/content-length: (\d+)/i.exec(pending.slice(0, headEnd))?.[1] ?? 0);
      const end = headEnd + 4 + length;
      if (pending.length < end) return;
      socket.write(pending.slice(headEnd, end).includes('"stream":true') ? stream : plain);
      pending = pending.slice(end);
    }
  });
  socket.on('error', () => {
    socket.destroy();
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.stdout.write(`http://127.0.0.1:${address.port}\n`);
});
