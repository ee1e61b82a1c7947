/** What it costs to follow a stream: microseconds of processor time an event, with and without a limit that binds it. */
import { openaiChatProvider } from '@sluice/dialects';
import type { Dialect } from '@sluice/contracts';
import { envelopeFor } from '../src/router-harness.ts';
import { compileEndpoints } from '../src/endpoints/compile-endpoints.ts';
import type { EncodedRequest } from '../src/endpoints/endpoint.ts';

const events = 20_000;
/** Events in one read of a socket. */
const eventsInRead = 20;
const rounds = 7;

const chunk = (text: string) =>
  `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"sim","choices":[{"index":0,"delta":{"content":"${text}"},"logprobs":null,"finish_reason":null}],"usage":null}\n\n`;
const read = Buffer.from(Array.from({ length: eventsInRead }, (_, index) => chunk(` word${index}`)).join(''));

function open(dialect: Dialect): EncodedRequest {
  const wire = { format: 'openai-chat' as const, codec: openaiChatProvider, path: () => '/chat/completions' };
  const options = { basePath: '', model: 'sim', onUnsupported: 'drop' as const, target: 'sim', clock: Date.now };
  const [endpoint] = compileEndpoints(dialect, [wire], options);
  if (endpoint === undefined) throw new Error(`${dialect} does not reach the wire`);
  const body = { model: 'sim', stream: true, max_tokens: 10, messages: [{ role: 'user', content: 'Hello.' }] };
  return endpoint.encode(Buffer.from(JSON.stringify(body)), envelopeFor(body, { envelope: { dialect } }));
}

function microseconds(reading: { push(bytes: Buffer): Iterable<unknown> }): number {
  const before = process.cpuUsage();
  for (let done = 0; done < events; done += eventsInRead)
    for (const piece of reading.push(read)) if (piece === undefined) throw new Error('a piece is missing');
  const { user, system } = process.cpuUsage(before);
  return (user + system) / events;
}

for (const dialect of ['openai-chat', 'anthropic-messages'] as const) {
  const figures = { unbound: Infinity, bound: Infinity };
  for (let round = 0; round < rounds; round++) {
    figures.unbound = Math.min(figures.unbound, microseconds(open(dialect).openStream()));
    figures.bound = Math.min(figures.bound, microseconds(open(dialect).openFollowedStream()));
  }
  console.log(`${dialect}: ${figures.unbound.toFixed(2)} us an event, ${figures.bound.toFixed(2)} where a limit binds it`);
}
