import { attempt, type AttemptPlan, type AttemptResult, type AttemptTools } from './attempt.ts';
import { hedgeLost } from './attempt-failure.ts';
import type { RequestWatch } from './request-watch.ts';
import type { UpstreamCall } from './upstream-call.ts';

/** A second call, should the first be slow. */
export interface Hedge {
  readonly afterMs: number;
  /** Whether a second call may be made; the first one goes on meanwhile. */
  readonly allowed: () => boolean | Promise<boolean>;
  /** Undefined where no second call may be made after all. */
  readonly plan: () => AttemptPlan | undefined;
}

export interface RaceResult {
  /** The plan that answered, or failed last. */
  readonly plan: AttemptPlan;
  readonly result: AttemptResult;
  /** The other call, where there was one. */
  readonly other: AttemptResult | undefined;
}

interface Runner {
  readonly plan: AttemptPlan;
  readonly result: Promise<{ readonly runner: Runner; readonly result: AttemptResult }>;
  call: UpstreamCall | undefined;
}

/**
 * Makes a call, and a second one where the first has said nothing for a while. The first to answer wins; the other is
 * cancelled, and kept in the record, for its provider bills it.
 */
export async function attemptRace(tools: AttemptTools, watch: RequestWatch, first: AttemptPlan, hedge: Hedge): Promise<RaceResult> {
  const leader = run(tools, watch, first);
  const early = await within(leader.result, hedge.afterMs);
  if (early !== undefined) return { plan: first, result: early.result, other: undefined };
  const allowed = hedge.allowed();
  const answered = typeof allowed === 'boolean' ? allowed : await Promise.race([leader.result, allowed]);
  // A call that has ended while it was asked needs no second one.
  if (typeof answered === 'object') return { plan: first, result: answered.result, other: undefined };
  const plan = answered ? hedge.plan() : undefined;
  if (plan === undefined) return { plan: first, result: (await leader.result).result, other: undefined };
  const second = run(tools, watch, plan);
  const { runner, result } = await Promise.race([leader.result, second.result]);
  const rest = runner === leader ? second : leader;
  if (result.kind === 'failed') {
    // The other one may still answer.
    const last = await rest.result;
    return { plan: rest.plan, result: last.result, other: result };
  }
  rest.call?.fail({ kind: hedgeLost, status: rest.call.status, disposition: 'next' });
  return { plan: runner.plan, result, other: await settled(rest) };
}

function run(tools: AttemptTools, watch: RequestWatch, plan: AttemptPlan): Runner {
  const { promise, resolve, reject } = Promise.withResolvers<{ runner: Runner; result: AttemptResult }>();
  const runner: Runner = { plan, result: promise, call: undefined };
  const opened = (call: UpstreamCall): void => {
    runner.call = call;
  };
  attempt(tools, watch, { ...plan, opened }).then((result) => {
    resolve({ runner, result });
  }, reject);
  return runner;
}

/** A loser that had answered in the same turn is ended like one that had not. */
async function settled({ result }: Runner): Promise<AttemptResult> {
  const { result: lost } = await result;
  if (lost.kind !== 'stream') return lost;
  await lost.stream.return();
  return lost;
}

/** What the promise gives, or undefined once the time is up. */
async function within<Value>(promise: Promise<Value>, timeMs: number): Promise<Value | undefined> {
  const { promise: waited, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, timeMs, undefined);
  try {
    return await Promise.race([promise, waited]);
  } finally {
    clearTimeout(timer);
  }
}
