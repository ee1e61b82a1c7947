import type { Envelope, ProviderAttempt, Reservation, TokenUsage } from '@sluice/contracts';
import type { Route } from '../routing-table.ts';
import type { AskForMore, More, Word } from './ask-for-more.ts';
import { StreamAllowance } from './stream-allowance.ts';

export interface HoldingTools {
  readonly ask: AskForMore;
  readonly clock: () => number;
}

/**
 * What one request holds of its limits, and how it comes by more. There is one only where a limit binds the request; the
 * reservation is enough for one call of the model that was asked for.
 */
export class Holding {
  readonly #envelope: Envelope;
  readonly #deadline: number;
  readonly #reservation: Reservation;
  readonly #askedFor: Route;
  readonly #tools: HoldingTools;
  #inputTokens: number;
  #outputTokens: number;
  /** Price of one call that is held. */
  #nanoUsd: bigint;

  private constructor(envelope: Envelope, reservation: Reservation, deadline: number, askedFor: Route, tools: HoldingTools) {
    this.#envelope = envelope;
    this.#deadline = deadline;
    this.#reservation = reservation;
    this.#askedFor = askedFor;
    this.#tools = tools;
    this.#inputTokens = reservation.inputTokens;
    this.#outputTokens = reservation.outputTokens;
    this.#nanoUsd = BigInt(reservation.costNanoUsd ?? 0);
  }

  /** Undefined where no limit binds the request, and nothing need be asked. */
  static of(envelope: Envelope, deadline: number, askedFor: Route, tools: HoldingTools): Holding | undefined {
    const reservation = envelope.found.metering?.reservation;
    return reservation?.bound === true ? new Holding(envelope, reservation, deadline, askedFor, tools) : undefined;
  }

  /** Input that the request is reckoned to have: a real count where limits are tight. */
  get inputTokens(): number {
    return this.#reservation.inputTokens;
  }

  /**
   * Whether one more call may be made; asks for what it needs beyond what is held, which is mostly nothing.
   * @param spent what earlier calls used
   * @param live calls that run beside it
   */
  cover(route: Route, spent: readonly (TokenUsage | undefined)[], live = 0): Word | Promise<Word> {
    const { inputTokens, outputTokens } = this.#reservation;
    const short = {
      inputTokens: Math.max(0, (live + 1) * inputTokens + sum(spent, 'input') - this.#inputTokens),
      outputTokens: Math.max(0, (live + 1) * outputTokens + sum(spent, 'output') - this.#outputTokens),
    };
    const cost = this.#costOf(route);
    const dearer = cost === undefined ? 0 : shareBeyond(cost, this.#nanoUsd);
    const unpriced = route !== this.#askedFor && cost === undefined; // metering knows what its policy says of that
    if (short.inputTokens + short.outputTokens === 0 && dearer === 0 && !unpriced) return 'granted';
    const more = {
      // Money is asked for in tokens of the dearer model; they come back with the settlement.
      inputTokens: short.inputTokens + Math.ceil(inputTokens * dearer),
      outputTokens: short.outputTokens + Math.ceil(outputTokens * dearer),
    };
    return this.#ask(route, more, 'call').then((word) => {
      if (word !== 'granted') return word;
      this.#inputTokens += short.inputTokens;
      this.#outputTokens += short.outputTokens;
      if (dearer > 0 && cost !== undefined) this.#nanoUsd = cost;
      return word;
    });
  }

  /** What a stream may use; undefined where it is as much as the request itself allows, to which its provider keeps. */
  stream(route: Route): StreamAllowance | undefined {
    const heldTokens = this.#reservation.outputTokens;
    const atMostTokens = this.#envelope.maxOutputTokens ?? Infinity;
    if (heldTokens >= atMostTokens) return undefined;
    const ask = (outputTokens: number) => this.#ask(route, { outputTokens }, 'stream');
    return new StreamAllowance({ heldTokens, atMostTokens, ask, clock: this.#tools.clock });
  }

  #ask(route: Route, more: More, purpose: 'stream' | 'call'): Promise<Word> {
    const pricedAs = route === this.#askedFor ? {} : { pricedAs: route.model.name };
    return this.#tools.ask(this.#envelope, this.#deadline, { ...more, ...pricedAs }, purpose);
  }

  /**
   * The most that one call of a fallback may cost; undefined where one of its targets has no price. Metering has reserved for the
   * dearest target of the model that was asked for.
   */
  #costOf(route: Route): bigint | undefined {
    if (route === this.#askedFor) return this.#nanoUsd;
    const { inputTokens, outputTokens } = this.#reservation;
    let most = 0n;
    for (const { price } of route.targets) {
      const cost = price?.cost({ input: inputTokens, output: outputTokens });
      if (cost === undefined) return undefined;
      if (cost > most) most = cost;
    }
    return most;
  }
}

/** What the earlier calls of a request used, as far as it is known. */
export function usages(attempts: readonly ProviderAttempt[]): (TokenUsage | undefined)[] {
  return attempts.map(({ usage }) => usage);
}

function sum(spent: readonly (TokenUsage | undefined)[], kind: 'input' | 'output'): number {
  return spent.reduce((total, usage) => total + (usage?.[kind] ?? 0), 0);
}

/** The part of a cost that is not held, from 0 to 1. */
function shareBeyond(cost: bigint, held: bigint): number {
  return cost <= held ? 0 : Number(cost - held) / Number(cost);
}
