import { type JsonObject, Losses, type ModelRequest, type Part, sealSignature, openSignature, type Turn } from '@sluice/dialects';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { geminiCodec } from './gemini-codec.ts';

const blank: ModelRequest = { source: 'openai-chat', model: 'm', stream: false, turns: [], tools: [], sampling: {}, rest: {} };
const hello: Turn = { role: 'user', parts: [{ type: 'text', text: 'Hello' }] };

interface Encoded {
  readonly body: JsonObject;
  readonly dropped: readonly string[];
}

function encode(request: Partial<ModelRequest>, model = 'gemini-3-flash-preview', host: 'gemini-api' | 'vertex' = 'gemini-api'): Encoded {
  const losses = new Losses('refuse', 'provider "g"');
  const body = geminiCodec({ host }).encodeRequest({ ...blank, turns: [hello], ...request }, model, losses);
  return { body: JSON.parse(JSON.stringify(body)) as JsonObject, dropped: losses.dropped }; // an object went in
}

const contents = (turns: readonly Turn[], model?: string, host?: 'gemini-api' | 'vertex'): unknown =>
  encode({ turns }, model, host).body.contents;
const model = (...parts: Part[]): Turn => ({ role: 'assistant', parts });
const user = (...parts: Part[]): Turn => ({ role: 'user', parts });
const result = (callId: string, text: string): Turn => ({
  role: 'tool',
  parts: [{ type: 'tool-result', callId, parts: [{ type: 'text', text }] }],
});
const text = (words: string): Part => ({ type: 'text', text: words });
const call = (id: string, name: string, value?: string): Part => ({
  type: 'tool-call',
  id,
  name,
  input: '{"a":1}',
  ...(value === undefined ? {} : { signature: { wire: 'gemini', value } }),
});
const refusal = (param: string): unknown => expect.objectContaining({ code: 'unsupported_feature', detail: { param } });

describe('the turns of a conversation', () => {
  it('become contents, and instructions stand apart', () => {
    const { body } = encode({
      turns: [
        { role: 'system', parts: [{ type: 'text', text: 'Be brief.' }] },
        hello,
        model(text('Hi')),
        { role: 'developer', parts: [{ type: 'text', text: 'In French.' }] },
        user(text('Why?')),
      ],
    });
    expect(body).toEqual({
      systemInstruction: { parts: [{ text: 'Be brief.' }, { text: 'In French.' }] },
      contents: [
        { role: 'user', parts: [{ text: 'Hello' }] },
        { role: 'model', parts: [{ text: 'Hi' }] },
        { role: 'user', parts: [{ text: 'Why?' }] },
      ],
    });
  });

  it('are merged where one speaker speaks on', () => {
    expect(contents([hello, user(text('Anyone?')), model(text('Yes')), model(text('?'))])).toEqual([
      { role: 'user', parts: [{ text: 'Hello' }, { text: 'Anyone?' }] },
      { role: 'model', parts: [{ text: 'Yes' }, { text: '?' }] },
    ]);
  });

  it('are the instructions as the word of a user where nobody else speaks', () => {
    expect(encode({ turns: [{ role: 'system', parts: [{ type: 'text', text: 'Sing.' }] }] }).body).toEqual({
      contents: [{ role: 'user', parts: [{ text: 'Sing.' }] }],
    });
  });

  it('carry images, sounds and files by content and by address', () => {
    const parts: Part[] = [
      { type: 'image', source: { kind: 'data', mediaType: 'image/png', data: 'AA==' } },
      { type: 'image', source: { kind: 'url', url: 'https://example.org/cat.webp?size=2' } },
      { type: 'image', source: { kind: 'url', url: 'https://example.org/cat' } },
      { type: 'audio', data: 'BB==', format: 'wav' },
      { type: 'file', source: { kind: 'data', mediaType: 'application/pdf', data: 'CC==' } },
      { type: 'file', source: { kind: 'id', id: 'https://generativelanguage.googleapis.com/v1beta/files/x', wire: 'gemini' } },
      { type: 'file', source: { kind: 'url', url: 'https://www.youtube.com/watch?v=1' } },
    ];
    expect(contents([user(...parts)])).toEqual([
      {
        role: 'user',
        parts: [
          { inlineData: { mimeType: 'image/png', data: 'AA==' } },
          { fileData: { mimeType: 'image/webp', fileUri: 'https://example.org/cat.webp?size=2' } },
          { fileData: { mimeType: 'image/jpeg', fileUri: 'https://example.org/cat' } },
          { inlineData: { mimeType: 'audio/wav', data: 'BB==' } },
          { inlineData: { mimeType: 'application/pdf', data: 'CC==' } },
          { fileData: { mimeType: 'application/pdf', fileUri: 'https://generativelanguage.googleapis.com/v1beta/files/x' } },
          { fileData: { mimeType: 'video/mp4', fileUri: 'https://www.youtube.com/watch?v=1' } },
        ],
      },
    ]);
  });

  it('are refused with a file that another provider holds', () => {
    const part: Part = { type: 'file', source: { kind: 'id', id: 'file-1', wire: 'openai-chat' } };
    expect(() => contents([user(part)])).toThrow(refusal('messages.content.file'));
  });

  it('are refused with an item that only another provider knows', () => {
    const part: Part = { type: 'native', wire: 'openai-responses', value: { type: 'web_search_call' } };
    expect(() => contents([hello, model(part)])).toThrow(refusal('messages.content.web_search_call'));
  });

  it('give Gemini back what only it knows', () => {
    const value = { executableCode: { language: 'PYTHON', code: 'print(1)' } };
    expect(contents([hello, model({ type: 'native', wire: 'gemini', value })])).toEqual([
      { role: 'user', parts: [{ text: 'Hello' }] },
      { role: 'model', parts: [value] },
    ]);
  });

  it('lose cache marks and names, and say so', () => {
    const marked: Turn = { role: 'user', name: 'ada', parts: [{ type: 'text', text: 'Hello', cache: {} }] };
    expect(encode({ turns: [marked] }).dropped).toEqual(['messages.name', 'cache_control']);
  });
});

describe('calls and their results', () => {
  it('are paired by name and id, the results of one round together and in the order of the calls', () => {
    const turns = [hello, model(call('c1', 'f', 'sig'), call('c2', 'g')), result('c2', 'two'), result('c1', 'one'), user(text('Go on'))];
    expect(contents(turns)).toEqual([
      { role: 'user', parts: [{ text: 'Hello' }] },
      {
        role: 'model',
        parts: [
          { functionCall: { id: 'c1', name: 'f', args: { a: 1 } }, thoughtSignature: 'sig' },
          { functionCall: { id: 'c2', name: 'g', args: { a: 1 } } },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { id: 'c1', name: 'f', response: { output: 'one' } } },
          { functionResponse: { id: 'c2', name: 'g', response: { output: 'two' } } },
        ],
      },
      { role: 'user', parts: [{ text: 'Go on' }] },
    ]);
  });

  it('bear no ids at Vertex, which refuses them', () => {
    expect(
      JSON.stringify(contents([hello, model(call('c1', 'f', 's')), result('c1', 'x')], 'gemini-3-flash-preview', 'vertex')),
    ).not.toContain('"id"');
  });

  it('carry failures as errors', () => {
    const failed: Turn = {
      role: 'tool',
      parts: [{ type: 'tool-result', callId: 'c1', isError: true, parts: [{ type: 'text', text: 'no' }] }],
    };
    expect(JSON.stringify(contents([hello, model(call('c1', 'f')), failed]))).toContain('"response":{"error":"no"}');
  });

  it('carry images inside the result where the model takes them, and beside it where not', () => {
    const image = { type: 'image', source: { kind: 'data', mediaType: 'image/png', data: 'AA==' } } as const;
    const turns: Turn[] = [
      hello,
      model(call('c1', 'shot', 's')),
      { role: 'tool', parts: [{ type: 'tool-result', callId: 'c1', parts: [{ type: 'text', text: 'here' }, image] }] },
    ];
    const inlineData = { mimeType: 'image/png', data: 'AA==' };
    const response = { id: 'c1', name: 'shot', response: { output: 'here' } };
    expect(contents(turns)).toContainEqual({ role: 'user', parts: [{ functionResponse: { ...response, parts: [{ inlineData }] } }] });
    expect(contents(turns, 'gemini-2.5-flash')).toContainEqual({ role: 'user', parts: [{ functionResponse: response }, { inlineData }] });
  });

  it('are refused where a result answers no call', () => {
    expect(() => contents([hello, result('c9', 'x')])).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });

  it('keep arguments that are no object', () => {
    const parts: Part[] = ['[1]', '{"cut', 'free'].map((input, index) => ({ type: 'tool-call', id: `c${index}`, name: 'f', input }));
    expect(contents([hello, model(...parts)], 'gemini-2.5-flash')).toContainEqual({
      role: 'model',
      parts: [
        { functionCall: { id: 'c0', name: 'f', args: { input: '[1]' } } },
        { functionCall: { id: 'c1', name: 'f', args: { input: '{"cut' } } },
        { functionCall: { id: 'c2', name: 'f', args: { input: 'free' } } },
      ],
    });
  });
});

describe('any conversation', () => {
  const round = fc.record({
    asks: fc.boolean(),
    says: fc.boolean(),
    tools: fc.array(fc.constantFrom('f', 'g', 'h'), { maxLength: 4 }),
    shuffle: fc.integer({ min: 0, max: 3 }),
  });

  it('has every result right behind its calls, in their order, and each model turn once', () => {
    fc.assert(
      fc.property(fc.array(round, { minLength: 1, maxLength: 6 }), (rounds) => {
        const turns = rounds.flatMap(({ asks, says, tools, shuffle }, index): Turn[] => {
          const calls = tools.map((name, place) => call(`c${index}-${place}`, name, 's'));
          const results = tools.map((_, place) => result(`c${index}-${place}`, `r${place}`));
          const turned = [...results.slice(shuffle), ...results.slice(0, shuffle)];
          return [...(asks ? [hello] : []), model(...(says ? [text('ok')] : []), ...calls), ...turned];
        });
        const encoded = contents([hello, ...turns]) as { role: string; parts: Record<string, { name: string; id: string }>[] }[]; // the codec's own
        const ids = (index: number, kind: string) => encoded[index]?.parts.flatMap((part) => part[kind]?.id ?? []) ?? [];
        encoded.forEach((content, index) => {
          const answered = ids(index, 'functionResponse');
          if (answered.length > 0) expect(answered).toEqual(ids(index - 1, 'functionCall'));
          if (content.role === 'model') expect(encoded[index + 1]?.role).not.toBe('model');
          expect(content.parts.length).toBeGreaterThan(0);
        });
        expect(encoded.flatMap((_, index) => ids(index, 'functionResponse'))).toHaveLength(rounds.flatMap(({ tools }) => tools).length);
      }),
    );
  });
});

describe('signatures of thoughts', () => {
  const signed = (value: string, wire: 'gemini' | 'anthropic-messages' = 'gemini'): Part => ({
    type: 'reasoning',
    text: '',
    signature: { wire, value },
    sealed: true,
  });
  const modelParts = (...parts: Part[]): unknown => (contents([hello, model(...parts)]) as { parts: unknown }[])[1]?.parts; // the model's turn

  it('return to the text that they were on, whether the dialect put them before it or after it', () => {
    const back = [{ text: 'Yes.', thoughtSignature: 's' }];
    expect(modelParts(text('Yes.'), signed('s'))).toEqual(back);
    expect(modelParts(signed('s'), text('Yes.'))).toEqual(back);
  });

  it('return to the call that they were on, where the dialect has no room for them on a call', () => {
    expect(modelParts(text('Let me see.'), signed('s'), call('c', 'f'), call('d', 'g'))).toEqual([
      { text: 'Let me see.' },
      { functionCall: { id: 'c', name: 'f', args: { a: 1 } }, thoughtSignature: 's' },
      { functionCall: { id: 'd', name: 'g', args: { a: 1 } } },
    ]);
  });

  it('stay with the text behind a call, and never go to the call before it', () => {
    expect(modelParts(call('c', 'f'), text('Done.'), signed('s'))).toEqual([
      { functionCall: { id: 'c', name: 'f', args: { a: 1 } }, thoughtSignature: 'skip_thought_signature_validator' },
      { text: 'Done.', thoughtSignature: 's' },
    ]);
  });

  it('return on a text of their own where there is none', () => {
    expect(modelParts(call('c', 'f', 't'), signed('s'))).toEqual([
      { functionCall: { id: 'c', name: 'f', args: { a: 1 } }, thoughtSignature: 't' },
      { text: '', thoughtSignature: 's' },
    ]);
  });

  it('return with the thought that they were on', () => {
    const part: Part = { type: 'reasoning', text: 'Hm.', signature: { wire: 'gemini', value: 's' } };
    expect(modelParts(part, text('Yes.'))).toEqual([{ text: 'Hm.', thought: true, thoughtSignature: 's' }, { text: 'Yes.' }]);
  });

  it('of another provider never reach Gemini', () => {
    const { body, dropped } = encode({ turns: [hello, model(signed('theirs', 'anthropic-messages'), text('Yes.'))] });
    expect(JSON.stringify(body)).not.toContain('theirs');
    expect(dropped).toEqual(['messages.reasoning']);
  });

  it('that are missing are told to Gemini 3 on the first call, or it refuses the request', () => {
    expect(modelParts(call('c1', 'f'), call('c2', 'g'))).toEqual([
      { functionCall: { id: 'c1', name: 'f', args: { a: 1 } }, thoughtSignature: 'skip_thought_signature_validator' },
      { functionCall: { id: 'c2', name: 'g', args: { a: 1 } } },
    ]);
    expect(JSON.stringify(contents([hello, model(call('c1', 'f'))], 'gemini-2.5-pro'))).not.toContain('thoughtSignature');
  });

  it('survive the way through a client and back', () => {
    const codec = geminiCodec({ host: 'gemini-api' });
    const content = fc.oneof(
      fc.record({ text: fc.string({ minLength: 1 }), thoughtSignature: fc.base64String({ minLength: 4 }) }),
      fc.record({ text: fc.string({ minLength: 1 }), thought: fc.constant(true), thoughtSignature: fc.base64String({ minLength: 4 }) }),
      fc.record({
        functionCall: fc.record({ id: fc.uuid(), name: fc.constant('f'), args: fc.dictionary(fc.string(), fc.string()) }),
        thoughtSignature: fc.base64String({ minLength: 4 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(content, { minLength: 1, maxLength: 6 }), (parts) => {
        const answer = codec.decodeAnswer({ candidates: [{ content: { parts }, finishReason: 'STOP' }] });
        // A client of another dialect keeps signatures as marked strings.
        const kept = answer.parts.map((part): Part => {
          const signature = 'signature' in part ? part.signature : undefined;
          return signature === undefined
            ? part
            : ({ ...part, signature: openSignature(sealSignature(signature, 'openai-chat'), 'openai-chat') } as Part); // its own kind, signature and all
        });
        expect(modelParts(...kept)).toEqual(parts);
      }),
    );
  });
});
