import { setTimeout as delay } from 'node:timers/promises';
import OpenAI from 'openai';
import type { GatewayUnderChaos } from './gateway-under-chaos.ts';

export interface LoadOptions {
  /** Name of the process that is killed. */
  readonly target: string;
  readonly requests: number;
  /** Marks the requests of this run in the ledger. */
  readonly user: string;
}

export interface LoadOutcome {
  readonly ok: number;
  /** Answers that belong to another request, or to none. */
  readonly wrong: number;
  /** How often each status came; `connection` where none did. */
  readonly errors: ReadonlyMap<string, number>;
  readonly slowestMs: number;
  /** Ids of the requests that were answered with 200. */
  readonly answeredIds: ReadonlySet<string>;
}

const atOnce = 16;
/** The kill comes after this share of the answers. */
const killShare = 0.2;
/** A client that finds nobody listening asks this often whether somebody does, and at most for so long. */
const listeningPauseMs = 100;
const listeningBudgetMs = 30_000;

interface Question {
  readonly text: string;
  readonly streamed: boolean;
}

/** Asks distinct questions, every other one streamed, and kills a process with SIGKILL in the middle. */
export async function askWhileKilling({ sluice }: GatewayUnderChaos, { target, requests, user }: LoadOptions): Promise<LoadOutcome> {
  const client = new OpenAI({
    apiKey: sluice.key,
    baseURL: `${sluice.url}/v1`,
    maxRetries: 0,
    defaultHeaders: { 'x-sluice-user': user, 'x-sim-key': user, 'x-sim-latency-ms': '20' },
  });
  const errors = new Map<string, number>();
  const answeredIds = new Set<string>();
  let [ok, wrong, ended, next, slowestMs] = [0, 0, 0, 0, 0];
  const killAt = Math.floor(requests * killShare);
  const worker = async () => {
    while (next < requests) {
      const index = next++;
      const question = { text: `Which page has entry ${index} of the book ${user}?`, streamed: index % 2 === 1 };
      const startedAt = performance.now();
      try {
        const { text, requestId } = await answerTo(client, question);
        answeredIds.add(requestId);
        if (text === `The simulated model sim was asked: ${question.text}`) ok += 1;
        else wrong += 1;
      } catch (error) {
        const kind = kindOf(error);
        errors.set(kind, (errors.get(kind) ?? 0) + 1);
        if (kind === 'connection') await untilListening(sluice.url);
      }
      slowestMs = Math.max(slowestMs, performance.now() - startedAt);
      ended += 1;
      if (ended === killAt) sluice.kill(target);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return { ok, wrong, errors, slowestMs, answeredIds };
}

async function untilListening(url: string): Promise<void> {
  const giveUpAt = Date.now() + listeningBudgetMs;
  while (Date.now() < giveUpAt) {
    await delay(listeningPauseMs);
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.status === 200) return;
  }
}

async function answerTo(client: OpenAI, { text, streamed }: Question): Promise<{ text: string; requestId: string }> {
  const body = { model: 'sim', messages: [{ role: 'user' as const, content: text }] };
  if (!streamed) {
    const { data, request_id } = await client.chat.completions.create(body).withResponse();
    return { text: data.choices[0]?.message.content ?? '', requestId: request_id ?? '' };
  }
  const { data, request_id } = await client.chat.completions.create({ ...body, stream: true }).withResponse();
  let answer = '';
  let finished = false;
  for await (const chunk of data) {
    answer += chunk.choices[0]?.delta.content ?? '';
    finished ||= typeof chunk.choices[0]?.finish_reason === 'string';
  }
  // A stream that was cut is an error that the client sees, not a wrong answer.
  if (!finished) throw new OpenAI.APIConnectionError({ message: 'the stream was cut' });
  return { text: answer, requestId: request_id ?? '' };
}

function kindOf(error: unknown): string {
  if (!(error instanceof OpenAI.APIError)) return 'connection'; // a socket that was cut in mid-stream throws what fetch threw
  const status: unknown = error.status;
  return typeof status === 'number' ? String(status) : (error.code ?? 'connection');
}
