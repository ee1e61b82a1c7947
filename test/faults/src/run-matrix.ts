import { ask, type Conversation, conversations, type Question, type Seen } from './ask.ts';
import { type FaultCase, faultCases } from './fault-cases.ts';
import { deadlineMs, type GatewayUnderFaults } from './gateway-under-faults.ts';
import { judge } from './judge.ts';

export interface MatrixCell {
  readonly fault: string;
  readonly model: string;
  readonly conversation: Conversation;
  readonly stream: boolean;
  readonly seen: Seen;
  /** Undefined: in order. */
  readonly wrong: string | undefined;
}

/** Cells of one fault asked at the same time; the slow ones wait, and cost nothing. */
const atOnce = 12;
const formats = ['openai', 'anthropic'] as const;

/**
 * Every fault, spoken to in two formats, with and without a second target, in every dialect, plain and streamed. The faults
 * come one after the other, and those last by which a provider has an account left out: what followed would not reach it.
 */
export async function runMatrix(gateway: GatewayUnderFaults): Promise<MatrixCell[]> {
  const cells: MatrixCell[] = [];
  for (const fault of faultCases) cells.push(...(await runFault(gateway, fault)));
  return cells;
}

async function runFault(gateway: GatewayUnderFaults, fault: FaultCase): Promise<MatrixCell[]> {
  const waiting = cellsOf(fault);
  const cells: MatrixCell[] = [];
  const workers = Array.from({ length: atOnce }, async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { question, another } = next;
      const seen = await ask(gateway, question, deadlineMs + 2_000);
      const { model, conversation, stream } = question;
      const wrong = judge(question, seen, another, deadlineMs) ?? harmOf(fault, seen);
      cells.push({ fault: fault.name, model, conversation, stream, seen, wrong });
    }
  });
  await Promise.all(workers);
  return cells;
}

function harmOf(fault: FaultCase, seen: Seen): string | undefined {
  return fault.harmless === true && seen.errors > 0 ? `an error with status ${seen.status} for what is no failure` : undefined;
}

function cellsOf(fault: FaultCase): { question: Question; another: boolean }[] {
  const targets: readonly string[] = fault.closed === true ? ['closed'] : formats;
  const ways = targets.flatMap((target) => [
    { model: `alone-${target}`, another: false },
    { model: `pair-${target}`, another: true },
  ]);
  return ways.flatMap(({ model, another }) =>
    conversations.flatMap((conversation) =>
      [false, true].map((stream) => ({
        another,
        question: { conversation, model, stream, text: `What about ${fault.name} today?`, script: fault.script },
      })),
    ),
  );
}
