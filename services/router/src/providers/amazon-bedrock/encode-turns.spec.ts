import { type Part } from '@sluice/dialects';
import { describe, expect, it } from 'vitest';
import { call, encode, hello, nova, result, turn, weather } from './converse-samples.ts';

describe('encodeTurns', () => {
  it('gathers instructions of every place, and joins neighbours of one role', () => {
    const { body } = encode({
      turns: [
        turn('system', { type: 'text', text: 'be kind' }),
        hello,
        turn('user', { type: 'text', text: 'again' }),
        turn('assistant', call),
        turn('tool', result),
        turn('developer', { type: 'text', text: 'be short' }),
        turn('user', { type: 'text', text: 'thanks' }),
      ],
      tools: [weather],
    });
    expect(body.system).toEqual([{ text: 'be kind' }, { text: 'be short' }]);
    expect(body.messages).toEqual([
      { role: 'user', content: [{ text: 'hello' }, { text: 'again' }] },
      { role: 'assistant', content: [{ toolUse: { toolUseId: 'call_1', name: 'weather', input: { city: 'Paris' } } }] },
      { role: 'user', content: [{ toolResult: { toolUseId: 'call_1', content: [{ text: 'sunny' }] } }, { text: 'thanks' }] },
    ]);
  });

  it('leaves out blank texts, and the white space that Claude refuses at the end of an answer begun for it', () => {
    const { body } = encode({
      turns: [hello, turn('user', { type: 'text', text: ' \n' }), turn('assistant', { type: 'text', text: 'Sure: ' })],
    });
    expect(body.messages).toEqual([
      { role: 'user', content: [{ text: 'hello' }] },
      { role: 'assistant', content: [{ text: 'Sure:' }] },
    ]);
  });

  it('sends back what this provider thought, and Claude’s thoughts of Anthropic’s interface, but nobody else’s', () => {
    const thoughts: Part[] = [
      { type: 'reasoning', text: 'a', signature: { wire: 'bedrock-converse', value: 'A' } },
      { type: 'reasoning', text: '', sealed: true, signature: { wire: 'bedrock-converse', value: 'B' } },
      { type: 'reasoning', text: 'c', signature: { wire: 'anthropic-messages', value: 'C' } },
      { type: 'reasoning', text: 'd', signature: { wire: 'gemini', value: 'D' } },
      { type: 'reasoning', text: 'e' },
    ];
    const turns = [hello, turn('assistant', ...thoughts, { type: 'text', text: 'so' })];
    const own = [{ reasoningContent: { reasoningText: { text: 'a', signature: 'A' } } }, { reasoningContent: { redactedContent: 'B' } }];
    const shared = { reasoningContent: { reasoningText: { text: 'c', signature: 'C' } } };
    expect(encode({ turns }).body.messages).toMatchObject([{}, { content: [...own, shared, { text: 'so' }] }]);
    expect(encode({ turns }, nova).body.messages).toMatchObject([{}, { content: [...own, { text: 'so' }] }]);
  });

  it('marks the ends of prefixes that the model keeps, and reports the marks that it does not', () => {
    const turns = [turn('system', { type: 'text', text: 's', cache: { ttl: '1h' } }), turn('user', { type: 'text', text: 'u', cache: {} })];
    const tools = [{ ...weather, cache: {} }];
    const { body } = encode({ turns, tools });
    expect(body.system).toEqual([{ text: 's' }, { cachePoint: { type: 'default', ttl: '1h' } }]);
    expect(body.messages).toEqual([{ role: 'user', content: [{ text: 'u' }, { cachePoint: { type: 'default' } }] }]);
    expect(body.toolConfig).toMatchObject({ tools: [{ toolSpec: {} }, { cachePoint: { type: 'default' } }] });
    expect(encode({ turns, tools }, nova).dropped).toEqual(['messages.0.content.0.cache_control.ttl', 'tools.0.cache_control']);
    expect(encode({ turns }, 'meta.llama3-3-70b-instruct-v1:0').dropped).toHaveLength(2);
  });

  it('gives ids of other providers a form that Converse takes, the same for call and result', () => {
    const id = 'functions.weather:0';
    const turns = [hello, turn('assistant', { ...call, id }), turn('tool', { ...result, callId: id })];
    const { messages } = encode({ turns, tools: [weather] }).body;
    const ids = JSON.stringify(messages).match(/(?<="toolUseId":")[^"]+/g) ?? [];
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).toMatch(/^[a-f0-9]{32}$/);
    const ofMistral = JSON.stringify(encode({ turns, tools: [weather] }, 'mistral.mistral-large-2407-v1:0').body.messages);
    expect(ofMistral).toMatch(/"toolUseId":"[a-zA-Z0-9]{9}"/);
  });

  it('wraps arguments that are no object, and says that a tool was silent', () => {
    const turns = [hello, turn('assistant', { ...call, input: '[1' }), turn('tool', { ...result, parts: [], isError: true })];
    expect(encode({ turns, tools: [weather] }).body.messages).toMatchObject([
      {},
      { content: [{ toolUse: { input: { input: '[1' } } }] },
      { content: [{ toolResult: { content: [{ text: '(no output)' }], status: 'error' } }] },
    ]);
  });
});

describe('encodeTurns: media', () => {
  const parts = (...list: Part[]) => ({ turns: [turn('user', ...list)] });

  it('sends images, documents, videos and sounds by content', () => {
    const { body } = encode(
      parts(
        { type: 'image', source: { kind: 'data', mediaType: 'image/png', data: 'aaaa' } },
        { type: 'file', source: { kind: 'data', mediaType: 'application/pdf', data: 'bbbb' }, name: 'my_report (1).pdf' },
        { type: 'file', source: { kind: 'data', mediaType: 'text/plain; charset=utf-8', data: 'cccc' }, name: 'my report (1).txt' },
        { type: 'file', source: { kind: 'data', mediaType: 'video/mp4', data: 'dddd' } },
        { type: 'audio', data: 'eeee', format: 'wav' },
        { type: 'image', source: { kind: 'url', url: 's3://bucket/cat.jpg' } },
      ),
    );
    expect(body.messages).toEqual([
      {
        role: 'user',
        content: [
          { image: { format: 'png', source: { bytes: 'aaaa' } } },
          { document: { format: 'pdf', name: 'my report (1)', source: { bytes: 'bbbb' } } },
          { document: { format: 'txt', name: 'my report (1) 2', source: { bytes: 'cccc' } } },
          { video: { format: 'mp4', source: { bytes: 'dddd' } } },
          { audio: { format: 'wav', source: { bytes: 'eeee' } } },
          { image: { format: 'jpeg', source: { s3Location: { uri: 's3://bucket/cat.jpg' } } } },
        ],
      },
    ]);
  });

  it.each<Part>([
    { type: 'image', source: { kind: 'url', url: 'https://example.com/cat.png' } },
    { type: 'image', source: { kind: 'data', mediaType: 'image/tiff', data: 'aaaa' } },
    { type: 'file', source: { kind: 'id', id: 'file-1', wire: 'openai-chat' } },
    { type: 'file', source: { kind: 'data', mediaType: 'application/zip', data: 'aaaa' } },
  ])('refuses media that Converse does not take: %j', (part) => {
    expect(() => encode(parts(part))).toThrow('messages.0.content.0');
  });
});
