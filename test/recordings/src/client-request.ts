import type { ClientDialect } from './client-answer.ts';
import type { Call, Said } from './said.ts';

export const pathsOfDialects: Readonly<Record<ClientDialect, string>> = {
  chat: '/v1/chat/completions',
  responses: '/v1/responses',
  messages: '/v1/messages',
  completions: '/v1/completions',
  embeddings: '/v1/embeddings',
};

const question = 'What does the recording say?';

/** A request that a client of this dialect could have sent for such an answer: with the tools that the answer calls. */
export function clientRequest(dialect: ClientDialect, model: string, stream: boolean, expected: Said | undefined): Record<string, unknown> {
  const messages = [{ role: 'user', content: question }];
  const calls = [...new Map((expected?.calls ?? []).map((call) => [call.name, call])).values()];
  const tools = calls.length === 0 ? {} : { tools: calls.map((call) => toolOf(dialect, call)) };
  switch (dialect) {
    case 'chat':
      return { model, messages, ...tools, ...(stream ? { stream, stream_options: { include_usage: true } } : {}) };
    case 'responses':
      return { model, input: question, ...tools, ...(stream ? { stream } : {}) };
    case 'messages':
      return { model, messages, max_tokens: 4_096, ...tools, ...(stream ? { stream } : {}) };
    case 'completions':
      return { model, prompt: question, ...(stream ? { stream, stream_options: { include_usage: true } } : {}) };
    case 'embeddings':
      return { model, input: ['one text', 'another text'] };
  }
}

/** A call whose input is text and not a document is one of a custom tool. */
function toolOf(dialect: ClientDialect, { name, input }: Call): Record<string, unknown> {
  const parameters = { type: 'object', properties: {}, additionalProperties: true };
  const custom = typeof input === 'string';
  switch (dialect) {
    case 'messages':
      return { name, input_schema: parameters };
    case 'responses':
      return custom ? { type: 'custom', name } : { type: 'function', name, parameters, strict: false };
    default:
      return custom ? { type: 'custom', custom: { name } } : { type: 'function', function: { name, parameters } };
  }
}
