import type { Gateway } from './gateway.ts';
import { ask, echo, readStream } from './read-stream.ts';

export interface Load {
  readonly asked: number;
  readonly answered: number;
  /** One line for each request that failed. */
  readonly errors: readonly string[];
  /** Texts whose answer was another's. */
  readonly wrong: readonly string[];
  readonly slowestMs: number;
}

const requests = 120;
const atOnce = 12;
/** The stage dies once this many answers are there, so that others are under way. */
const killAfter = 30;

/** Asks distinct questions, every other one streamed, and kills one process of a stage with SIGKILL in the middle. */
export async function loadWhileKilling(gateway: Gateway, stage: string): Promise<Load> {
  const client = gateway.client({ headers: { 'x-sim-latency-ms': '20' } });
  const [victim] = gateway.sluice.pids()[stage] ?? [];
  if (victim === undefined) throw new Error(`no process of ${stage} runs`);
  const errors: string[] = [];
  const wrong: string[] = [];
  let answered = 0;
  let next = 0;
  let slowestMs = 0;
  const worker = async () => {
    while (next < requests) {
      const index = next++;
      const text = `Which page has entry ${index} of the book of ${stage} kept by clerk ${victim}?`;
      const startedAt = performance.now();
      try {
        const answer =
          index % 2 === 0
            ? (await client.chat.completions.create(ask(text))).choices[0]?.message.content
            : (await readStream(await client.chat.completions.create({ ...ask(text), stream: true }))).text;
        if (answer !== echo(text)) wrong.push(text);
        answered += 1;
        if (answered === killAfter) process.kill(victim, 'SIGKILL');
      } catch (error) {
        errors.push(`${index}: ${error instanceof Error ? error.message : String(error)}`);
      }
      slowestMs = Math.max(slowestMs, performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return { asked: requests, answered, errors, wrong, slowestMs };
}
