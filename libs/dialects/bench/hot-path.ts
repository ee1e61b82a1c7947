/** `node bench/hot-path.ts`: what each function of the hot path costs a request. */
import { z } from 'zod';
import {
  collectTexts,
  createRestorer,
  createStreamReader,
  hasEscapedName,
  parseChatRequest,
  replaceTexts,
  rewriteBody,
  SseParser,
} from '../src/index.ts';
import { measure } from './measure.ts';

const prose = 'The quick brown fox jumps over the lazy dog and asks for the bill. ';
const chat = (length: number) => ({
  model: 'gpt-4o-mini',
  temperature: 0.7,
  max_tokens: 256,
  stream: true,
  stream_options: { include_usage: true },
  messages: [
    { role: 'system', content: 'You are a helpful assistant of the accounts department.' },
    { role: 'user', content: prose.repeat(Math.ceil(length / prose.length / 2)) },
    { role: 'assistant', content: 'Certainly. Which invoice do you mean?' },
    { role: 'user', content: [{ type: 'text', text: prose.repeat(Math.ceil(length / prose.length / 2)) }] },
  ],
});

/** The same checks in zod, as far as it has them: what the hand-written ones are weighed against. */
const part = z.looseObject({ type: z.string(), text: z.string().optional() });
const message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  content: z.union([z.string(), z.array(part).min(1)]).nullish(),
  name: z.string().nullish(),
});
const zodSchema = z.looseObject({
  model: z.string().min(1).max(200),
  messages: z.array(message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  n: z.number().int().min(1).max(128).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  max_tokens: z.number().int().min(1).nullish(),
  max_completion_tokens: z.number().int().min(1).nullish(),
  tools: z.array(z.looseObject({ type: z.string() })).nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
});

for (const [name, size] of [
  ['1 KB', 700],
  ['200 KB', 204_800],
] as const) {
  const body = chat(size);
  const text = JSON.stringify(body);
  const bytes = Buffer.from(text);
  console.log(`\nchat request of ${name} (${bytes.length} bytes)`);
  measure('  JSON.parse, for scale', () => JSON.parse(text) as unknown);
  measure('  hasEscapedName', () => hasEscapedName(text));
  measure('  parseChatRequest', () => parseChatRequest(body));
  measure('  the same with zod', () => zodSchema.parse(body));
  measure('  collectTexts', () => collectTexts('openai-chat', body));
  measure('  replaceTexts, one text replaced', () => replaceTexts('openai-chat', body, (segment) => (segment.last ? 'x' : segment.text)));
  measure('  rewriteBody, model replaced', () => rewriteBody(bytes, { model: 'gpt-4o', includeUsage: true }));
  measure('  rewriteBody, nothing to change', () => rewriteBody(bytes, { model: 'gpt-4o-mini', includeUsage: true }));
}

const large = Buffer.from(`{"messages":[{"role":"user","content":"${'A'.repeat(32 * 1_048_576)}"}],"model":"a"}`);
console.log('\nchat request of 32 MB');
measure('  rewriteBody, model replaced', () => rewriteBody(large, { model: 'b' }));

const table = { '<EMAIL_ADDRESS_1>': 'ann@example.com', '<PHONE_NUMBER_1>': '+49 30 123456' };
const chunk = (content: string) =>
  `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-4o-mini","choices":[{"index":0,"delta":{"content":"${content}"},"finish_reason":null}]}\n\n`;
const plainStream = Buffer.from(chunk(' word').repeat(100));
const maskedStream = Buffer.from((chunk(' <EMAIL') + chunk('_ADDRESS_1> ')).repeat(50));
const plainAnswer = Buffer.from(
  JSON.stringify({ id: 'x', choices: [{ index: 0, message: { role: 'assistant', content: prose.repeat(15) } }] }),
);

console.log('\nanswers (streams: 100 events)');
measure('  SseParser', () => new SseParser().push(plainStream));
measure('  SseParser and stream reader', () => {
  const reader = createStreamReader('openai-chat');
  for (const event of new SseParser().push(plainStream)) reader.push(event);
  return reader;
});
measure('  restorer, empty table, stream', () => createRestorer('openai-chat', {}).stream().push(plainStream));
measure('  restorer, nothing to restore, stream', () => createRestorer('openai-chat', table).stream().push(plainStream));
measure('  restorer, 50 split placeholders, stream', () => createRestorer('openai-chat', table).stream().push(maskedStream));
measure('  restorer, nothing to restore, plain 1 KB', () => createRestorer('openai-chat', table).plain(plainAnswer));
