import type { ProviderAttempt } from '@sluice/contracts';
import type { SimulatedCall } from '@sluice/testing';
import { usd } from './judge-budgets.ts';
import type { JudgedFacts, StormBreak } from './judge-storm.ts';
import { lastIntent } from './read-intents.ts';
import type { LedgerEnd } from './storm-facts.ts';
import { costOf } from './virtual-keys.ts';

export interface CallTotals {
  readonly calls: number;
  /** Calls that an unresolved row stands for. */
  readonly callsUnresolved: number;
  /** Calls whose line has the provider's own figures, and their tokens by both sides. */
  readonly exactCalls: number;
  readonly providerTokens: number;
  readonly ledgerTokens: number;
  /** Calls that nobody read to their end: their line is an estimate, or has no tokens. */
  readonly estimatedCalls: number;
}

type Ends = ReadonlyMap<string, LedgerEnd>;
type Calls = ReadonlyMap<string, readonly SimulatedCall[]>;

/** Each call has its attempt in one row at what the provider said, each attempt its call, and each row the amount of its attempts. */
export function judgeCalls(facts: JudgedFacts, ends: Ends, calls: Calls): { breaks: StormBreak[]; totals: CallTotals } {
  const judge = new CallJudge(facts, calls);
  for (const [requestId, own] of calls) judge.matchRequest(requestId, own, ends.get(requestId));
  for (const end of facts.ends) judge.matchRow(end);
  return { breaks: judge.breaks, totals: judge.totals };
}

class CallJudge {
  readonly breaks: StormBreak[] = [];
  readonly totals: { -readonly [Name in keyof CallTotals]: number };
  readonly #intents: JudgedFacts['intents'];
  readonly #calls: Calls;

  constructor({ calls, intents }: JudgedFacts, byRequest: Calls) {
    this.#intents = intents;
    this.#calls = byRequest;
    this.totals = { calls: calls.length, callsUnresolved: 0, exactCalls: 0, providerTokens: 0, ledgerTokens: 0, estimatedCalls: 0 };
  }

  matchRequest(requestId: string, calls: readonly SimulatedCall[], end: LedgerEnd | undefined): void {
    if (end === undefined) {
      this.#tell('call without a line', requestId, `${calls.length} calls, no row`);
      return;
    }
    if (end.outcome === 'unresolved') {
      this.totals.callsUnresolved += calls.length;
      return;
    }
    for (const [id, [call, ...others]] of Map.groupBy(calls, ({ attempt }) => attempt)) {
      if (others.length > 0)
        this.#tell('call without a line', requestId, `call ${id ?? '?'} was made ${others.length + 1} times, under one id`);
      if (call !== undefined) this.#matchCall(end, call);
    }
  }

  matchRow(end: LedgerEnd): void {
    for (const attempt of end.attempts) this.#matchAttempt(end, attempt);
    if (end.outcome === 'unresolved') this.#matchReserved(end);
    else {
      const sum = end.attempts.reduce((total, { costNanoUsd }) => total + BigInt(costNanoUsd ?? 0), 0n);
      if (end.nanoUsd !== sum) this.#tell('wrong amount', end.requestId, `USD ${usd(end.nanoUsd)} for attempts of ${usd(sum)}`);
    }
  }

  #matchCall(end: LedgerEnd, call: SimulatedCall): void {
    const name = `call ${call.attempt ?? '?'}`;
    const [attempt, ...others] = end.attempts.filter(({ id }) => id !== undefined && id === call.attempt);
    if (attempt === undefined) {
      this.#tell('call without a line', end.requestId, `${name} (${call.outcome}) is not in the row, which is ${end.outcome}`);
      return;
    }
    if (others.length > 0) this.#tell('charged twice', end.requestId, `${name} is there ${others.length + 1} times`);
    const { usage } = attempt;
    if (usage === undefined || usage.estimated === true) {
      this.totals.estimatedCalls += 1;
      const known = call.status !== 200 || call.outcome !== 'completed' || attempt.failure !== undefined;
      if (!known) this.#tell('tokens unknown', end.requestId, `${name} was answered whole`);
      return;
    }
    const billed = call.usage ?? { input: 0, output: 0 };
    this.totals.exactCalls += 1;
    this.totals.providerTokens += billed.input + billed.output;
    this.totals.ledgerTokens += usage.input + usage.output;
    if (usage.input !== billed.input || usage.output !== billed.output) {
      this.#tell(
        'tokens differ',
        end.requestId,
        `${name}: ${usage.input}+${usage.output}, by the provider ${billed.input}+${billed.output}`,
      );
    }
  }

  #matchAttempt({ requestId }: LedgerEnd, { id, usage, costNanoUsd, failure }: ProviderAttempt): void {
    if (usage === undefined && costNanoUsd === undefined) return; // never reached anybody, and charges nothing
    const name = `attempt ${id ?? '?'}, ${failure ?? 'ok'}`;
    const made = this.#calls.get(requestId)?.some(({ attempt }) => attempt === id) ?? false;
    if (!made) this.#tell('charged without a call', requestId, name);
    const right = usage === undefined ? 0n : costOf(usage);
    const cost = BigInt(costNanoUsd ?? 0);
    if (cost !== right) this.#tell('wrong amount', requestId, `${name}: USD ${usd(cost)}, by its tokens ${usd(right)}`);
  }

  #matchReserved({ requestId, nanoUsd }: LedgerEnd): void {
    const reserved = lastIntent(this.#intents.get(requestId))?.reservedNanoUsd;
    if (nanoUsd === reserved) return;
    const last = reserved === undefined ? 'nothing' : `USD ${usd(reserved)}`;
    this.#tell('wrong amount', requestId, `unresolved at USD ${usd(nanoUsd)}, reserved was ${last} in its last round`);
  }

  #tell(kind: string, requestId: string, text: string): void {
    this.breaks.push({ kind, requestId, text });
  }
}
