import { readAnswer, readLines, type Recording } from '../recording.ts';
import type { WireKind } from '../wire.ts';

/** What an upstream says: a text, or a call of one tool. */
export type Content =
  { readonly text: string } | { readonly call: { readonly name: string; readonly input: Readonly<Record<string, string>> } };

type ConversationWire = Extract<WireKind, 'chat' | 'responses' | 'completions' | 'messages' | 'gemini' | 'bedrock' | 'cohere'>;
interface Writer {
  plain(content: Content): unknown;
  stream(content: Content): readonly unknown[];
}

/** An answer in the form of a provider: 12 tokens read, 5 written. */
export function upstreamAnswer(wire: ConversationWire, content: Content, streamed: boolean): Recording {
  const writer = writers[wire];
  const read = streamed
    ? readLines(
        writer
          .stream(content)
          .map((event) => JSON.stringify(event))
          .join('\n'),
      )
    : readAnswer(JSON.stringify(writer.plain(content)));
  return { provider: wire, name: 'coverage', ...read, wire };
}

const chatUsage = { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17 };
const responsesUsage = { input_tokens: 12, output_tokens: 5, total_tokens: 17 };
const geminiUsage = { promptTokenCount: 12, candidatesTokenCount: 5, totalTokenCount: 17 };
const bedrockUsage = { inputTokens: 12, outputTokens: 5, totalTokens: 17 };
const cohereUsage = { tokens: { input_tokens: 12, output_tokens: 5 } };

const writers: Readonly<Record<ConversationWire, Writer>> = {
  chat: {
    plain: (content) => ({
      ...chatHead('chat.completion'),
      choices: [
        { index: 0, message: { role: 'assistant', ...chatMessage(content) }, finish_reason: 'text' in content ? 'stop' : 'tool_calls' },
      ],
      usage: chatUsage,
    }),
    stream: (content) => [
      chatChunk({ role: 'assistant', content: '' }),
      ...halves(content).map((half) => chatChunk(chatMessage(half, true))),
      // With the usage in its last chunk, as Mistral's: its package takes none without choices.
      { ...chatChunk({}, 'text' in content ? 'stop' : 'tool_calls'), usage: chatUsage },
    ],
  },
  responses: {
    plain: (content) => response('completed', [responseItem(content)]),
    stream: (content) => {
      const item = responseItem(content);
      const place = { output_index: 0, item_id: item.id, content_index: 0 };
      return [
        { type: 'response.created', response: response('in_progress', []) },
        {
          type: 'response.output_item.added',
          output_index: 0,
          item: { ...item, ...('text' in content ? { content: [] } : { arguments: '' }) },
        },
        ...('text' in content
          ? [
              { type: 'response.content_part.added', ...place, part: { type: 'output_text', text: '', annotations: [] } },
              ...halves(content).map((half) => ({ type: 'response.output_text.delta', ...place, delta: 'text' in half ? half.text : '' })),
              { type: 'response.output_text.done', ...place, text: content.text },
            ]
          : [{ type: 'response.function_call_arguments.done', ...place, arguments: JSON.stringify(content.call.input) }]),
        { type: 'response.output_item.done', output_index: 0, item },
        { type: 'response.completed', response: response('completed', [item]) },
      ].map((event, index) => ({ ...event, sequence_number: index }));
    },
  },
  completions: {
    plain: (content) => ({
      ...chatHead('text_completion'),
      choices: [{ index: 0, text: 'text' in content ? content.text : '', logprobs: null, finish_reason: 'stop' }],
      usage: chatUsage,
    }),
    stream: (content) => [
      ...halves(content).map((half) => ({
        ...chatHead('text_completion'),
        choices: [{ index: 0, text: 'text' in half ? half.text : '', finish_reason: null }],
      })),
      { ...chatHead('text_completion'), choices: [{ index: 0, text: '', finish_reason: 'stop' }] },
      { ...chatHead('text_completion'), choices: [], usage: chatUsage },
    ],
  },
  messages: {
    plain: (content) => ({ ...message([messageBlock(content)]), stop_reason: messageEnd(content), usage: responsesUsage }),
    stream: (content) => [
      { type: 'message_start', message: { ...message([]), usage: { input_tokens: 12, output_tokens: 1 } } },
      {
        type: 'content_block_start',
        index: 0,
        content_block: 'text' in content ? { type: 'text', text: '' } : { ...messageBlock(content), input: {} },
      },
      ...('text' in content
        ? halves(content).map((half) => ({
            type: 'content_block_delta',
            index: 0,
            delta: { type: 'text_delta', text: 'text' in half ? half.text : '' },
          }))
        : [
            {
              type: 'content_block_delta',
              index: 0,
              delta: { type: 'input_json_delta', partial_json: JSON.stringify(content.call.input) },
            },
          ]),
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: messageEnd(content), stop_sequence: null }, usage: { output_tokens: 5 } },
      { type: 'message_stop' },
    ],
  },
  gemini: {
    plain: (content) => gemini(content, true),
    stream: (content) => halves(content).map((half, index, all) => gemini(half, index === all.length - 1)),
  },
  bedrock: {
    plain: (content) => ({
      output: { message: { role: 'assistant', content: [bedrockBlock(content)] } },
      stopReason: messageEnd(content),
      usage: bedrockUsage,
      metrics: { latencyMs: 1 },
    }),
    stream: (content) => [
      { messageStart: { role: 'assistant' } },
      ...('text' in content
        ? halves(content).map((half) => ({ contentBlockDelta: { contentBlockIndex: 0, delta: half } }))
        : [
            { contentBlockStart: { contentBlockIndex: 0, start: { toolUse: { toolUseId: 'tooluse_1', name: content.call.name } } } },
            { contentBlockDelta: { contentBlockIndex: 0, delta: { toolUse: { input: JSON.stringify(content.call.input) } } } },
          ]),
      { contentBlockStop: { contentBlockIndex: 0 } },
      { messageStop: { stopReason: messageEnd(content) } },
      { metadata: { usage: bedrockUsage, metrics: { latencyMs: 1 } } },
    ],
  },
  cohere: {
    plain: (content) => ({
      id: 'cohere-1',
      message: { role: 'assistant', ...cohereMessage(content) },
      finish_reason: 'text' in content ? 'COMPLETE' : 'TOOL_CALL',
      usage: cohereUsage,
    }),
    stream: (content) => [
      { type: 'message-start', id: 'cohere-1', delta: { message: { role: 'assistant' } } },
      ...('text' in content
        ? [
            { type: 'content-start', index: 0, delta: { message: { content: { type: 'text', text: '' } } } },
            ...halves(content).map((half) => ({ type: 'content-delta', index: 0, delta: { message: { content: half } } })),
            { type: 'content-end', index: 0 },
          ]
        : [
            {
              type: 'tool-call-start',
              index: 0,
              delta: { message: { tool_calls: { ...cohereCall(content), function: { name: content.call.name, arguments: '' } } } },
            },
            {
              type: 'tool-call-delta',
              index: 0,
              delta: { message: { tool_calls: { function: { arguments: JSON.stringify(content.call.input) } } } },
            },
            { type: 'tool-call-end', index: 0 },
          ]),
      { type: 'message-end', delta: { finish_reason: 'text' in content ? 'COMPLETE' : 'TOOL_CALL', usage: cohereUsage } },
    ],
  },
};

/** A text in two pieces; a call in one. */
function halves(content: Content): Content[] {
  if (!('text' in content)) return [content];
  const middle = Math.floor(content.text.length / 2);
  return [{ text: content.text.slice(0, middle) }, { text: content.text.slice(middle) }];
}

function chatHead(object: string) {
  return { id: 'chatcmpl-1', object, created: 1_767_225_600, model: 'upstream-model' };
}

function chatChunk(delta: object, finish: string | null = null) {
  return { ...chatHead('chat.completion.chunk'), choices: [{ index: 0, delta, finish_reason: finish }] };
}

function chatMessage(content: Content, inStream = false): object {
  if ('text' in content) return { content: content.text };
  const call = { id: 'call12345', type: 'function', function: { name: content.call.name, arguments: JSON.stringify(content.call.input) } };
  return { content: inStream ? undefined : null, tool_calls: [inStream ? { index: 0, ...call } : call] };
}

function response(status: string, output: readonly unknown[]) {
  const usage = status === 'completed' ? responsesUsage : null;
  return { id: 'resp_1', object: 'response', created_at: 1_767_225_600, status, model: 'upstream-model', output, usage, error: null };
}

function responseItem(content: Content) {
  if ('text' in content) {
    return {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: content.text, annotations: [] }],
    };
  }
  const { name, input } = content.call;
  return { id: 'fc_1', type: 'function_call', call_id: 'call_1', status: 'completed', name, arguments: JSON.stringify(input) };
}

function message(content: readonly unknown[]) {
  return { id: 'msg_1', type: 'message', role: 'assistant', model: 'upstream-model', content, stop_reason: null, stop_sequence: null };
}

function messageBlock(content: Content) {
  return 'text' in content ? { type: 'text', text: content.text } : { type: 'tool_use', id: 'toolu_1', ...content.call };
}

function messageEnd(content: Content): string {
  return 'text' in content ? 'end_turn' : 'tool_use';
}

function gemini(content: Content, last: boolean) {
  const part = 'text' in content ? { text: content.text } : { functionCall: { name: content.call.name, args: content.call.input } };
  return {
    candidates: [{ content: { role: 'model', parts: [part] }, index: 0, ...(last ? { finishReason: 'STOP' } : {}) }],
    usageMetadata: geminiUsage,
    modelVersion: 'upstream-model',
    responseId: 'gemini-1',
  };
}

function bedrockBlock(content: Content) {
  return 'text' in content ? { text: content.text } : { toolUse: { toolUseId: 'tooluse_1', ...content.call } };
}

function cohereMessage(content: Content) {
  return 'text' in content ? { content: [{ type: 'text', text: content.text }] } : { tool_calls: [cohereCall(content)] };
}

function cohereCall(content: Exclude<Content, { text: string }>) {
  return { id: 'call_1', type: 'function', function: { name: content.call.name, arguments: JSON.stringify(content.call.input) } };
}
