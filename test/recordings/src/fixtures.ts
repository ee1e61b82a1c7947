import { readAnswer, readLines, type Recording } from './recording.ts';

/** Folder of a recording in each format, as the recordings have them. */
export const providersOfFormats = {
  chat: 'openai-compatible',
  responses: 'openai',
  messages: 'anthropic',
  gemini: 'google',
  bedrock: 'amazon-bedrock',
  cohere: 'cohere',
} as const;
type Format = keyof typeof providersOfFormats;

/** Answers written for this suite, one in each format, that say the same in all of them. */
export const fixtures: readonly Recording[] = [
  plain('chat', {
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: 'Let me look.',
          reasoning_content: 'A map helps.',
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'find_town', arguments: '{"name":"Ulm"}' } }],
        },
        finish_reason: 'tool_calls',
      },
    ],
    usage: {
      prompt_tokens: 30,
      completion_tokens: 12,
      total_tokens: 42,
      prompt_tokens_details: { cached_tokens: 10 },
      completion_tokens_details: { reasoning_tokens: 4 },
    },
  }),
  stream('chat', [
    { object: 'chat.completion.chunk', choices: [{ index: 0, delta: { role: 'assistant', reasoning_content: 'A map ' } }] },
    { choices: [{ index: 0, delta: { reasoning_content: 'helps.' } }] },
    { choices: [{ index: 0, delta: { content: 'Let me ' } }] },
    { choices: [{ index: 0, delta: { content: 'look.' } }] },
    { choices: [{ index: 0, delta: { tool_calls: [{ index: 0, id: 'call_1', function: { name: 'find_town', arguments: '{"na' } }] } }] },
    { choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: 'me":"Ulm"}' } }] } }] },
    { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] },
    {
      choices: [],
      usage: {
        prompt_tokens: 30,
        completion_tokens: 12,
        prompt_tokens_details: { cached_tokens: 10 },
        completion_tokens_details: { reasoning_tokens: 4 },
      },
    },
  ]),
  plain('responses', response('completed')),
  stream('responses', [
    { type: 'response.created', sequence_number: 0, response: { object: 'response', status: 'in_progress', output: [] } },
    { type: 'response.output_item.added', sequence_number: 1, output_index: 0, item: { type: 'reasoning', summary: [] } },
    { type: 'response.reasoning_summary_text.delta', sequence_number: 2, output_index: 0, delta: 'A map helps.' },
    { type: 'response.output_item.done', sequence_number: 3, output_index: 0, item: response('completed').output[0] },
    { type: 'response.output_item.added', sequence_number: 4, output_index: 1, item: { type: 'message', content: [] } },
    { type: 'response.output_text.delta', sequence_number: 5, output_index: 1, delta: 'Let me ' },
    { type: 'response.output_text.delta', sequence_number: 6, output_index: 1, delta: 'look.' },
    { type: 'response.output_item.done', sequence_number: 7, output_index: 1, item: response('completed').output[1] },
    {
      type: 'response.output_item.added',
      sequence_number: 8,
      output_index: 2,
      item: { type: 'function_call', name: 'find_town', arguments: '' },
    },
    { type: 'response.output_item.done', sequence_number: 9, output_index: 2, item: response('completed').output[2] },
    { type: 'response.completed', sequence_number: 10, response: response('completed') },
  ]),
  plain('messages', {
    type: 'message',
    content: [
      { type: 'thinking', thinking: 'A map helps.', signature: 'c2ln' },
      { type: 'text', text: 'Let me look.' },
      { type: 'tool_use', id: 'toolu_1', name: 'find_town', input: { name: 'Ulm' } },
    ],
    stop_reason: 'tool_use',
    usage: { input_tokens: 20, cache_read_input_tokens: 10, cache_creation_input_tokens: 0, output_tokens: 12 },
  }),
  stream('messages', [
    {
      type: 'message_start',
      message: { id: 'msg_1', content: [], usage: { input_tokens: 20, cache_read_input_tokens: 10, output_tokens: 1 } },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'A map helps.' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'Let me look.' } },
    { type: 'content_block_stop', index: 1 },
    { type: 'content_block_start', index: 2, content_block: { type: 'tool_use', id: 'toolu_1', name: 'find_town', input: {} } },
    { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '{"name":' } },
    { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '"Ulm"}' } },
    { type: 'content_block_stop', index: 2 },
    { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 12 } },
    { type: 'message_stop' },
  ]),
  plain('gemini', gemini([thought('A map helps.'), { text: 'Let me look.' }, findTown()], 'STOP')),
  stream('gemini', [
    gemini([thought('A map ')], undefined, 3),
    gemini([thought('helps.'), { text: 'Let me ' }], undefined, 6),
    gemini([{ text: 'look.' }], undefined, 7),
    gemini([findTown()], 'STOP'),
  ]),
  plain('bedrock', {
    output: {
      message: {
        role: 'assistant',
        content: [
          { reasoningContent: { reasoningText: { text: 'A map helps.', signature: 'c2ln' } } },
          { text: 'Let me look.' },
          { toolUse: { toolUseId: 'tooluse_1', name: 'find_town', input: { name: 'Ulm' } } },
        ],
      },
    },
    stopReason: 'tool_use',
    usage: { inputTokens: 20, outputTokens: 12, totalTokens: 42, cacheReadInputTokens: 10 },
  }),
  stream('bedrock', [
    { messageStart: { role: 'assistant' } },
    { contentBlockDelta: { contentBlockIndex: 0, delta: { reasoningContent: { text: 'A map helps.' } } } },
    { contentBlockStop: { contentBlockIndex: 0 } },
    { contentBlockDelta: { contentBlockIndex: 1, delta: { text: 'Let me ' } } },
    { contentBlockDelta: { contentBlockIndex: 1, delta: { text: 'look.' } } },
    { contentBlockStop: { contentBlockIndex: 1 } },
    { contentBlockStart: { contentBlockIndex: 2, start: { toolUse: { toolUseId: 'tooluse_1', name: 'find_town' } } } },
    { contentBlockDelta: { contentBlockIndex: 2, delta: { toolUse: { input: '{"name":"Ulm"}' } } } },
    { contentBlockStop: { contentBlockIndex: 2 } },
    { messageStop: { stopReason: 'tool_use' } },
    { metadata: { usage: { inputTokens: 20, outputTokens: 12, totalTokens: 42, cacheReadInputTokens: 10 } } },
  ]),
  plain('cohere', {
    message: {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'A map helps.' },
        { type: 'text', text: 'Let me look.' },
      ],
      tool_calls: [{ id: 'find_town_1', type: 'function', function: { name: 'find_town', arguments: '{"name":"Ulm"}' } }],
    },
    finish_reason: 'TOOL_CALL',
    usage: { tokens: { input_tokens: 30, output_tokens: 12 }, cached_tokens: 10 },
  }),
  stream('cohere', [
    { type: 'message-start', delta: { message: { role: 'assistant' } } },
    { type: 'content-start', index: 0, delta: { message: { content: { type: 'thinking', thinking: '' } } } },
    { type: 'content-delta', index: 0, delta: { message: { content: { thinking: 'A map helps.' } } } },
    { type: 'content-end', index: 0 },
    { type: 'content-start', index: 1, delta: { message: { content: { type: 'text', text: '' } } } },
    { type: 'content-delta', index: 1, delta: { message: { content: { text: 'Let me look.' } } } },
    { type: 'content-end', index: 1 },
    {
      type: 'tool-call-start',
      index: 0,
      delta: { message: { tool_calls: { id: 'find_town_1', type: 'function', function: { name: 'find_town', arguments: '' } } } },
    },
    { type: 'tool-call-delta', index: 0, delta: { message: { tool_calls: { function: { arguments: '{"name":"Ulm"}' } } } } },
    { type: 'tool-call-end', index: 0 },
    {
      type: 'message-end',
      delta: { finish_reason: 'TOOL_CALL', usage: { tokens: { input_tokens: 30, output_tokens: 12 }, cached_tokens: 10 } },
    },
  ]),
];

function plain(format: Format, answer: unknown): Recording {
  return { provider: providersOfFormats[format], name: 'town', ...readAnswer(JSON.stringify(answer)) };
}

function stream(format: Format, events: readonly unknown[]): Recording {
  return { provider: providersOfFormats[format], name: 'town', ...readLines(events.map((event) => JSON.stringify(event)).join('\n')) };
}

function response(status: string) {
  return {
    object: 'response',
    status,
    output: [
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'A map helps.' }] },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Let me look.', annotations: [] }] },
      { type: 'function_call', call_id: 'call_1', name: 'find_town', arguments: '{"name":"Ulm"}' },
    ],
    usage: {
      input_tokens: 30,
      output_tokens: 12,
      total_tokens: 42,
      input_tokens_details: { cached_tokens: 10 },
      output_tokens_details: { reasoning_tokens: 4 },
    },
  };
}

/** Its candidates' tokens count up without the thoughts, which are counted apart. */
function gemini(parts: readonly unknown[], finishReason: string | undefined, candidatesTokenCount = 8) {
  return {
    candidates: [{ content: { role: 'model', parts }, ...(finishReason === undefined ? {} : { finishReason }), index: 0 }],
    usageMetadata: { promptTokenCount: 30, candidatesTokenCount, thoughtsTokenCount: 4, cachedContentTokenCount: 10 },
  };
}

function thought(text: string) {
  return { text, thought: true };
}

function findTown() {
  return { functionCall: { name: 'find_town', args: { name: 'Ulm' } } };
}
