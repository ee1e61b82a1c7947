import { setTimeout as delay } from 'node:timers/promises';
import { ask, conversations } from './ask.ts';
import { faultCases } from './fault-cases.ts';
import { deadlineMs, type GatewayUnderFaults } from './gateway-under-faults.ts';
import { judge } from './judge.ts';
import { processState, type ProcessState } from './process-state.ts';

type Watched = Record<'router' | 'ingress', ProcessState>;

export interface LeakResult {
  readonly faults: number;
  readonly wrong: readonly string[];
  readonly seconds: number;
  /** After the first tenth, at every tenth after it, and at rest. */
  readonly states: readonly { readonly faults: number; readonly at: Watched }[];
  readonly rest: Watched;
}

/** Statuses by which an account is left out: what follows would not reach the provider. */
const leavesOut = new Set(['a:401', 'a:402']);
const slow = new Set(['hang before headers', 'hang mid-stream', 'huge line', 'slow drip']);
const atOnce = 64;
/** Idle connections to providers are kept for 20 s; what is open after this is not theirs. */
const restMs = 25_000;

/**
 * Faults of every kind, one after the other over all models, dialects, plain and streamed. A hang holds a call for its
 * whole time limit, so every twentieth request only is one.
 */
export async function runLeaks(gateway: GatewayUnderFaults, faults: number): Promise<LeakResult> {
  const faulty = faultCases.filter(
    ({ script }) => !leavesOut.has(script['x-sim-status'] ?? '') && script['x-sim-retry-after'] === undefined,
  );
  const quick = faulty.filter(({ name }) => !slow.has(name));
  const startedAt = performance.now();
  const wrong: string[] = [];
  const states: { faults: number; at: Watched }[] = [];
  let begun = 0;
  let ended = 0;
  const workers = Array.from({ length: atOnce }, async () => {
    while (begun < faults) {
      const number = begun++;
      const fault = (number % 20 === 0 ? faultCases : quick)[
        Math.floor(number / 20) % (number % 20 === 0 ? faultCases.length : quick.length)
      ];
      if (fault === undefined) continue;
      const format = fault.closed === true ? 'closed' : number % 3 === 0 ? 'anthropic' : 'openai';
      const another = number % 2 === 0;
      const question = {
        conversation: conversations[number % conversations.length] ?? 'chat',
        model: `${another ? 'pair' : 'alone'}-${format}`,
        stream: number % 4 < 2,
        text: `Question ${number}?`,
        script: fault.script,
      };
      const problem = judge(question, await ask(gateway, question, deadlineMs + 2_000), another, deadlineMs);
      if (problem !== undefined && wrong.length < 20) wrong.push(`${fault.name}, ${question.model}, ${question.conversation}: ${problem}`);
      ended += 1;
      if (ended % Math.max(1, Math.floor(faults / 10)) === 0) states.push({ faults: ended, at: stateOf(gateway) });
    }
  });
  await Promise.all(workers);
  const seconds = (performance.now() - startedAt) / 1_000;
  await delay(restMs);
  return { faults, wrong, seconds, states, rest: stateOf(gateway) };
}

function stateOf({ sluice }: GatewayUnderFaults): Watched {
  const pids = sluice.pids();
  return { router: processState(pids, 'router'), ingress: processState(pids, 'ingress') };
}
