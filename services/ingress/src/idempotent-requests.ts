import { hash } from 'node:crypto';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { SluiceError } from '@sluice/contracts';

/** A plain answer as it went to the client. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Uint8Array;
}

/** The right to serve a request under its key; {@link end} gives it back. */
export interface IdempotencyClaim {
  readonly kind: 'fresh';
  /** Keeps a plain answer for repeats. */
  readonly keep: (answer: PlainAnswer) => void;
  /** The request is over; without a kept answer a repeat is a request like any other. */
  readonly end: () => void;
}

export type IdempotentBegin = IdempotencyClaim | { readonly kind: 'replay'; readonly answer: PlainAnswer };

interface Kept {
  readonly bodyHash: string;
  readonly answer: PlainAnswer;
  readonly until: number;
}

const header = 'idempotency-key';
const keyLimit = 255;
const keptMs = 600_000;
const keptAnswersLimit = 10_000;
const keptBytesLimit = 64 * 1024 * 1024;
/** Larger answers are not kept: a repeat is then a fresh request. */
const answerBytesLimit = 4 * 1024 * 1024;
/** Told of the moment at which an answer was made, and not true of a repeat. */
const passing = /^(x-ratelimit-|server-timing$)/;

/**
 * What `idempotency-key` promises, within this process and for ten minutes: a repeat of a request that is under way is
 * refused, one of a plain answer gets that answer again. It keeps answers in memory only, at most
 * {@link keptBytesLimit}; the oldest go first.
 */
export class IdempotentRequests {
  readonly #clock: () => number;
  /** Hash of the body by scoped key; bounded by the requests under way. */
  readonly #underWay = new Map<string, string>();
  /** In the order in which they run out. */
  readonly #kept = new Map<string, Kept>();
  #keptBytes = 0;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /**
   * Undefined where the caller sent no key.
   * @param scope within which a key is one: the virtual key and the route
   * @throws SluiceError `conflict` while the same request is under way; `invalid_request` for a key that is malformed
   * or was sent with another body
   */
  begin(headers: IncomingHttpHeaders, scope: string, body: Uint8Array): IdempotentBegin | undefined {
    const key = headers[header];
    if (key === undefined) return undefined;
    if (typeof key !== 'string' || key.length > keyLimit || !/^[\x21-\x7e]+$/.test(key))
      throw wrong(`must have 1 to ${keyLimit} visible ASCII characters`);
    this.#dropExpired();
    const scoped = `${scope} ${key}`;
    const bodyHash = hash('sha256', body, 'base64');
    const kept = this.#kept.get(scoped);
    const known = this.#underWay.get(scoped) ?? kept?.bodyHash;
    if (known !== undefined && known !== bodyHash) throw wrong('was sent before with another body; use a new key for a new request');
    if (kept !== undefined) return { kind: 'replay', answer: replay(kept.answer) };
    if (known !== undefined)
      throw new SluiceError('conflict', 'A request with this idempotency-key is under way; wait for it to end, then repeat.', {
        param: header,
      });
    this.#underWay.set(scoped, bodyHash);
    return {
      kind: 'fresh',
      keep: (answer) => {
        this.#keep(scoped, bodyHash, answer);
      },
      end: () => {
        this.#underWay.delete(scoped);
      },
    };
  }

  #keep(scoped: string, bodyHash: string, answer: PlainAnswer): void {
    if (answer.body.byteLength > answerBytesLimit) return;
    this.#kept.set(scoped, { bodyHash, answer, until: this.#clock() + keptMs });
    this.#keptBytes += answer.body.byteLength;
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= keptAnswersLimit && this.#keptBytes <= keptBytesLimit) return;
      this.#drop(oldest);
    }
  }

  #dropExpired(): void {
    const now = this.#clock();
    for (const [scoped, { until }] of this.#kept) {
      if (until > now) return;
      this.#drop(scoped);
    }
  }

  #drop(scoped: string): void {
    this.#keptBytes -= this.#kept.get(scoped)?.answer.body.byteLength ?? 0;
    this.#kept.delete(scoped);
  }
}

function replay({ status, headers, body }: PlainAnswer): PlainAnswer {
  const lasting = Object.entries(headers).filter(([name]) => !passing.test(name));
  return { status, headers: { ...Object.fromEntries(lasting), 'x-sluice-cost-usd': '0', 'idempotent-replayed': 'true' }, body };
}

function wrong(problem: string): SluiceError {
  return new SluiceError('invalid_request', `Header ${header} ${problem}.`, { param: header });
}
