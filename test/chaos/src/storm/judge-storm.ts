import type { ProviderAttempt } from '@sluice/contracts';
import type { SimulatedCall } from '@sluice/testing';
import type { LedgerEnd, StormFacts } from './storm-facts.ts';

/** Something that the gateway promises and that did not hold. */
export interface StormBreak {
  readonly kind: string;
  readonly requestId: string | undefined;
  readonly text: string;
}

export interface StormVerdict {
  readonly breaks: readonly StormBreak[];
  readonly totals: StormTotals;
}

export interface StormTotals {
  readonly calls: number;
  readonly rows: number;
  readonly settled: number;
  readonly refused: number;
  /** Rows at the reserved amount, and the calls that they stand for. */
  readonly unresolved: number;
  readonly callsUnresolved: number;
  /** Rows of the sweep whose real end came later and was booked. */
  readonly late: number;
  /** Calls whose answers were lost, and that routers told of from their journals. */
  readonly supplements: number;
  /** Calls whose line has the provider's own figures, and their tokens by both sides. */
  readonly exactCalls: number;
  readonly providerTokens: number;
  readonly ledgerTokens: number;
  /** Calls that nobody read to their end: their line is an estimate, or has no tokens. */
  readonly estimatedCalls: number;
}

/** Holds every call of the provider against the ledger, and every line against the calls. */
export function judgeStorm(facts: Pick<StormFacts, 'told' | 'calls' | 'ends' | 'struck' | 'openIntents' | 'secondEnds'>): StormVerdict {
  const judge = new Judge(facts);
  judge.matchCalls();
  judge.matchAnswers();
  return { breaks: judge.breaks, totals: judge.totals() };
}

class Judge {
  readonly breaks: StormBreak[] = [];
  readonly #facts: Parameters<typeof judgeStorm>[0];
  readonly #ends: ReadonlyMap<string, LedgerEnd>;
  readonly #calls: ReadonlyMap<string, SimulatedCall[]>;
  #callsUnresolved = 0;
  #exactCalls = 0;
  #providerTokens = 0;
  #ledgerTokens = 0;
  #estimatedCalls = 0;

  constructor(facts: Parameters<typeof judgeStorm>[0]) {
    this.#facts = facts;
    this.#ends = new Map(facts.ends.map((end) => [end.requestId, end]));
    this.#calls = Map.groupBy(facts.calls, (call) => call.requestId ?? `a call without an id, number ${call.sequence}`);
  }

  matchCalls(): void {
    const { openIntents, secondEnds } = this.#facts;
    for (const [requestId, calls] of this.#calls) this.#matchRequest(requestId, calls);
    for (const end of this.#ends.values()) {
      for (const attempt of end.attempts) this.#matchAttempt(end, attempt);
    }
    if (openIntents > 0) this.#tell('open', undefined, `${openIntents} intents are still open`);
    for (const requestId of secondEnds) this.#tell('second end', requestId, 'it ended twice, and differently');
  }

  /** Whether clients were told what is true. */
  matchAnswers(): void {
    for (const { requestId, outcome, wrong, replayed, question } of this.#facts.told) {
      if (wrong) this.#tell('wrong answer', requestId, `question ${question} got the answer of another one`);
      if (outcome !== '200' || replayed || requestId === undefined) continue;
      const end = this.#ends.get(requestId);
      if (end === undefined) this.#tell('answer without a line', requestId, `question ${question} was answered`);
      else if (end.outcome === 'refused' || end.outcome === 'failed')
        this.#tell('answer not charged', requestId, `it stands as ${end.outcome}`);
    }
    for (const end of this.#ends.values()) if (end.outcome === 'unresolved') this.#matchHolder(end);
  }

  totals(): StormTotals {
    const ends = [...this.#ends.values()];
    const count = (...outcomes: string[]) => ends.filter(({ outcome }) => outcomes.includes(outcome)).length;
    return {
      calls: this.#facts.calls.length,
      rows: ends.length,
      settled: count('completed', 'failed', 'cancelled'),
      refused: count('refused'),
      unresolved: count('unresolved'),
      callsUnresolved: this.#callsUnresolved,
      late: ends.filter(({ late }) => late).length,
      supplements: ends.reduce((sum, { supplements }) => sum + supplements, 0),
      exactCalls: this.#exactCalls,
      providerTokens: this.#providerTokens,
      ledgerTokens: this.#ledgerTokens,
      estimatedCalls: this.#estimatedCalls,
    };
  }

  #matchRequest(requestId: string, calls: readonly SimulatedCall[]): void {
    const end = this.#ends.get(requestId);
    if (end === undefined) {
      this.#tell('call without a line', requestId, `${calls.length} calls, no row`);
    } else if (end.outcome === 'unresolved') {
      this.#callsUnresolved += calls.length;
    } else {
      for (const call of calls) this.#matchCall(end, call);
    }
  }

  #matchCall(end: LedgerEnd, call: SimulatedCall): void {
    const name = `call ${call.attempt ?? '?'}`;
    const [attempt, ...others] = end.attempts.filter(({ id }) => id === call.attempt);
    if (attempt === undefined) {
      this.#tell('call without a line', end.requestId, `${name} (${call.outcome}) is not in the row, which is ${end.outcome}`);
      return;
    }
    if (others.length > 0) this.#tell('charged twice', end.requestId, `${name} is there ${others.length + 1} times`);
    const { usage } = attempt;
    if (usage === undefined || usage.estimated === true) {
      this.#estimatedCalls += 1;
      const known = call.status !== 200 || call.outcome !== 'completed' || attempt.failure !== undefined;
      if (!known) this.#tell('tokens unknown', end.requestId, `${name} was answered whole`);
      return;
    }
    const billed = call.usage ?? { input: 0, output: 0 };
    this.#exactCalls += 1;
    this.#providerTokens += billed.input + billed.output;
    this.#ledgerTokens += usage.input + usage.output;
    if (usage.input !== billed.input || usage.output !== billed.output) {
      this.#tell(
        'tokens differ',
        end.requestId,
        `${name}: ${usage.input}+${usage.output}, by the provider ${billed.input}+${billed.output}`,
      );
    }
  }

  #matchAttempt(end: LedgerEnd, attempt: ProviderAttempt): void {
    if (attempt.usage === undefined && attempt.costNanoUsd === undefined) return; // never reached anybody, and charges nothing
    const made = this.#calls.get(end.requestId)?.some((call) => call.attempt === attempt.id) ?? false;
    if (!made) this.#tell('charged without a call', end.requestId, `attempt ${attempt.id ?? '?'}, ${attempt.failure ?? 'ok'}`);
  }

  /** A request may be left unresolved only where the ingress that held it died. */
  #matchHolder(end: LedgerEnd): void {
    const told = this.#facts.told.find(({ requestId }) => requestId === end.requestId) ?? this.#toldOfCall(end.requestId);
    if (told === undefined) return; // its client heard nothing, not even its id
    const died = this.#facts.struck.some(
      ({ fault, at }) => fault.kind === 'kill' && told.ingress === fault.instance && at >= told.startedAt,
    );
    if (!died) this.#tell('unresolved, holder alive', end.requestId, `asked of ${told.ingress}, which was not killed since`);
  }

  #toldOfCall(requestId: string): StormFacts['told'][number] | undefined {
    const [call] = this.#calls.get(requestId) ?? [];
    const tries = this.#facts.told.filter(({ question }) => `q${question}` === call?.key);
    return tries.length === 1 ? tries[0] : undefined;
  }

  #tell(kind: string, requestId: string | undefined, text: string): void {
    this.breaks.push({ kind, requestId, text });
  }
}
