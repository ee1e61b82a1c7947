import type { Agent } from 'undici';
import { request } from 'undici';
import type { Ingress } from './storm-cluster.ts';
import type { Question } from './storm-questions.ts';

/** What a client saw of one request. */
export interface Told {
  readonly question: number;
  /** Instance that was asked. */
  readonly ingress: string;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly requestId: string | undefined;
  /** `left`: the client hung up; `cut`: no whole answer; `connection`: none at all; else the status, with its code where it is no 200. */
  readonly outcome: string;
  /** The answer was another request's, or not all of its own and nothing more. */
  readonly wrong: boolean;
  /** An answer that was given before, under its idempotency key. */
  readonly replayed: boolean;
}

/** Longer than a request may live. */
const patienceMs = 40_000;

/** Asks once, over a kept connection. */
export async function ask(dispatcher: Agent, ingress: Ingress, question: Question): Promise<Told> {
  const { index, key, text, answer: right, streamed, maxTokens, leaveAfterMs, script } = question;
  const startedAt = Date.now();
  let requestId: string | undefined;
  let replayed = false;
  const told = (outcome: string, wrong = false): Told => {
    return { question: index, ingress: ingress.instance, startedAt, endedAt: Date.now(), requestId, outcome, wrong, replayed };
  };
  const leave = leaveAfterMs === undefined ? undefined : AbortSignal.timeout(leaveAfterMs);
  try {
    const { statusCode, headers, body } = await request(`${ingress.url}/v1/chat/completions`, {
      method: 'POST',
      dispatcher,
      signal: leave ?? AbortSignal.timeout(patienceMs),
      headers: {
        authorization: `Bearer ${key.value}`,
        'content-type': 'application/json',
        'x-sluice-user': `user-${index % 50}`,
        ...(question.repeats ? { 'idempotency-key': `storm-${index}` } : {}),
        ...script,
      },
      body: JSON.stringify({ model: 'sim', stream: streamed, max_tokens: maxTokens, messages: [{ role: 'user', content: text }] }),
    });
    const id = headers['x-request-id'];
    requestId = typeof id === 'string' ? id : undefined;
    replayed = headers['idempotent-replayed'] === 'true';
    const answer = await body.text();
    if (statusCode !== 200) return told(`${statusCode} ${/"code":"(\w+)"/.exec(answer)?.[1] ?? ''}`);
    const content = streamed ? streamedContent(answer) : contentOf([answer]);
    if (content === undefined) return told('cut');
    // A stream that outgrew its limit says so, and is a part.
    const isRight = content.endsAtLimit ? content.text !== '' && right.startsWith(content.text) : content.text === right;
    return told('200', !isRight);
  } catch {
    if (leave?.aborted === true) return told('left');
    return told(requestId === undefined ? 'connection' : 'cut');
  }
}

interface Content {
  readonly text: string;
  readonly endsAtLimit: boolean;
}

/** Undefined where the stream did not come to its own end. */
function streamedContent(answer: string): Content | undefined {
  const events = answer.split('\n\n').filter((event) => event.startsWith('data: '));
  if (events.at(-1) !== 'data: [DONE]' || events.some((event) => event.startsWith('data: {"error"'))) return undefined;
  return contentOf(events.slice(0, -1).map((event) => event.slice('data: '.length)));
}

/** Of a completion, or of the chunks of one. */
function contentOf(documents: readonly string[]): Content {
  // Safe: every member is looked at before it is used.
  const choices = documents.flatMap((json) => (JSON.parse(json) as { choices?: Choice[] }).choices ?? []);
  return {
    text: choices.map((choice) => choice.message?.content ?? choice.delta?.content ?? '').join(''),
    endsAtLimit: choices.some(({ finish_reason: reason }) => reason === 'length'),
  };
}

interface Choice {
  readonly message?: { readonly content?: string };
  readonly delta?: { readonly content?: string };
  readonly finish_reason?: string | null;
}
