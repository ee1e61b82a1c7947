import { chatSaid, chatStreamSaid } from './extract/chat.ts';
import { completionSaid } from './extract/completions.ts';
import { messageSaid, messageStreamSaid } from './extract/messages.ts';
import { responseSaid, responseStreamSaid } from './extract/responses.ts';
import { at, parseOrText, textAt } from './json-path.ts';
import { misshapen } from './misshapen.ts';
import type { Said } from './said.ts';

/** What clients speak. */
export const conversationDialects = ['chat', 'responses', 'messages'] as const;
export type ClientDialect = (typeof conversationDialects)[number] | 'completions' | 'embeddings';

/** An answer of the gateway as a client got it. */
export interface ClientAnswer {
  readonly requestId: string;
  readonly status: number;
  readonly streamed: boolean;
  /** The plain answer, or an event each. */
  readonly values: readonly unknown[];
  /** What an official client would stumble over. */
  readonly misshapen: readonly string[];
}

/** Reads the gateway's answer. @throws Error when it is neither JSON nor server-sent events */
export async function readClientAnswer(response: Response, dialect: ClientDialect): Promise<ClientAnswer> {
  const text = await response.text();
  const head = { status: response.status, requestId: response.headers.get('x-request-id') ?? response.headers.get('request-id') ?? '' };
  if (!(response.headers.get('content-type') ?? '').includes('text/event-stream')) {
    return { ...head, streamed: false, values: [JSON.parse(text) as unknown], misshapen: [] };
  }
  const data = text
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trim());
  const parsed = data.filter((line) => line !== '[DONE]').map(parseOrText);
  const values = parsed.filter((value) => typeof value === 'object');
  const broken = values.length === parsed.length ? [] : [`${parsed.length - values.length} events are no JSON`];
  const ended = data.at(-1) === '[DONE]';
  return { ...head, streamed: true, values, misshapen: [...broken, ...misshapen(dialect, values, ended)] };
}

/** What the answer says, read in the client's dialect. */
export function saidTo({ streamed, values }: ClientAnswer, dialect: ClientDialect): Said {
  const [answer] = values;
  switch (dialect) {
    case 'chat':
      return streamed ? chatStreamSaid(values) : chatSaid(answer);
    case 'responses':
      return streamed ? responseStreamSaid(values) : responseSaid(answer);
    case 'messages':
      return streamed ? messageStreamSaid(values) : messageSaid(answer);
    default:
      return completionSaid(values);
  }
}

/** Errors told to the client: one is right where there must be one. */
export function errorsTold({ status, values }: ClientAnswer): string[] {
  const told = values.flatMap((value) => {
    const inEvent = at(value, 'error') ?? (textAt(value, 'type') === 'error' ? value : undefined);
    const inResponse = textAt(value, 'type') === 'response.failed' ? at(value, 'response', 'error') : undefined;
    return [inEvent, inResponse]
      .filter((found) => found !== undefined)
      .map((found) => textAt(found, 'message') || 'an error without a message');
  });
  // The Responses API tells one failure twice: as `error` and as `response.failed`.
  const distinct = [...new Set(told)];
  return distinct.length === 0 && status >= 400 ? [`status ${status} without an error`] : distinct;
}
