import type { GatewayUnderFaults } from './gateway-under-faults.ts';

/** The dialects that a conversation may be asked in. */
export const conversations = ['chat', 'responses', 'messages'] as const;
export type Conversation = (typeof conversations)[number];

export interface Question {
  readonly conversation: Conversation;
  readonly model: string;
  readonly stream: boolean;
  readonly text: string;
  /** `x-sim-*` headers. */
  readonly script: Readonly<Record<string, string>>;
}

/** What a client saw. */
export interface Seen {
  readonly status: number;
  /** Text of the answer, as far as it came. */
  readonly text: string;
  /** Errors in the dialect's shape: the body, or events of the stream. */
  readonly errors: number;
  /** The answer came to its end as the dialect has it. */
  readonly ended: boolean;
  readonly retryAfter: boolean;
  readonly latencyMs: number;
}

const paths: Record<Conversation, string> = {
  chat: '/v1/chat/completions',
  responses: '/v1/responses',
  messages: '/v1/messages',
};

/** Asks once and reads the answer to its end. Nothing thrown: what cannot be read is an answer without an end. */
export async function ask({ sluice }: GatewayUnderFaults, question: Question, budgetMs: number): Promise<Seen> {
  const startedAt = performance.now();
  const latencyMs = () => performance.now() - startedAt;
  let status = 0;
  try {
    const answer = await fetch(sluice.url + paths[question.conversation], {
      method: 'POST',
      headers: {
        authorization: `Bearer ${sluice.key}`,
        'content-type': 'application/json',
        ...question.script,
      },
      body: JSON.stringify(bodyOf(question)),
      signal: AbortSignal.timeout(budgetMs),
    });
    status = answer.status;
    const retryAfter = Number(answer.headers.get('retry-after') ?? 0) > 0;
    const body = await answer.text();
    const streamed = (answer.headers.get('content-type') ?? '').startsWith('text/event-stream');
    return { status, retryAfter, latencyMs: latencyMs(), ...(streamed ? readEvents(body) : readBody(body, status)) };
  } catch {
    return { status, text: '', errors: 0, ended: false, retryAfter: false, latencyMs: latencyMs() };
  }
}

function bodyOf({ conversation, model, stream, text }: Question): object {
  if (conversation === 'responses') return { model, stream, input: text };
  const messages = [{ role: 'user', content: text }];
  return conversation === 'chat' ? { model, stream, messages } : { model, stream, messages, max_tokens: 500 };
}

type Read = Pick<Seen, 'text' | 'errors' | 'ended'>;

/** Members of answers that are looked at here, whatever the dialect. */
interface Members {
  readonly type?: string;
  readonly error?: object | null;
  readonly delta?: string | { readonly text?: string };
  readonly choices?: readonly { readonly message?: { readonly content?: string }; readonly delta?: { readonly content?: string } }[];
  readonly content?: readonly { readonly text?: string }[];
  readonly output?: readonly { readonly content?: readonly { readonly text?: string }[] }[];
}

function readBody(body: string, status: number): Read {
  const answer = parse(body);
  if (answer === undefined) return { text: '', errors: 0, ended: false };
  if (status !== 200) return { text: '', errors: answer.error ? 1 : 0, ended: false };
  const parts = answer.content ?? answer.output?.flatMap((item) => item.content ?? []);
  const text = answer.choices?.[0]?.message?.content ?? parts?.map((part) => part.text ?? '').join('');
  return { text: text ?? '', errors: answer.error ? 1 : 0, ended: true };
}

function readEvents(body: string): Read {
  let text = '';
  let errors = 0;
  let ended = false;
  for (const line of body.split('\n')) {
    if (!line.startsWith('data: ')) continue;
    const data = line.slice('data: '.length);
    if (data === '[DONE]') {
      ended = true;
      continue;
    }
    const event = parse(data);
    if (event === undefined) return { text, errors, ended: false };
    if (event.error || event.type === 'error' || event.type === 'response.failed') errors += 1;
    if (event.type === 'message_stop' || event.type === 'response.completed') ended = true;
    if (event.type === 'response.output_text.delta' && typeof event.delta === 'string') text += event.delta;
    if (event.type === 'content_block_delta' && typeof event.delta === 'object') text += event.delta.text ?? '';
    text += event.choices?.[0]?.delta?.content ?? '';
  }
  return { text, errors, ended };
}

function parse(text: string): Members | undefined {
  try {
    return JSON.parse(text) as Members; // members are checked before use, and a wrong one fails the verdict
  } catch {
    return undefined;
  }
}
