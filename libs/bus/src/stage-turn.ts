import {
  headers as headerNames,
  SluiceError,
  type Accepted,
  type AcceptedCall,
  type Envelope,
  type InboxMessageType,
} from '@sluice/contracts';
import type { Msg } from 'nats';
import { Body } from './body.ts';
import type { TraceContext } from './bus.ts';
import { parseClaim } from './claim-check.ts';
import { decodeFrame } from './frame.ts';
import { HeaderBlock } from './header-block.ts';
import { publishMessage } from './publish-message.ts';
import type { Rostered } from './roster.ts';
import type { StageContext } from './stage.ts';
import type { StageSurroundings } from './stage-surroundings.ts';
import { readTraceContext } from './tracing.ts';

/** Wait for ingress's word on a claim; without it the work is dropped, for ingress may be gone. */
const claimTimeoutMs = 2_000;
/** Most stages that a slip may name. */
const slipLimit = 32;
const stageName = /^[a-z0-9][a-z0-9_-]{0,63}$/;
/** Ids become tokens of subjects and names of objects. */
const requestId = /^[A-Za-z0-9_-]{1,64}$/;

/** One request in the hands of this stage. */
export class StageTurn implements StageContext, Rostered {
  /** Of the stage's roster. */
  place = 0;
  readonly attempt: number;
  readonly deadline: number;
  readonly envelope: Envelope;
  readonly body: Body;
  readonly remaining: readonly string[];
  readonly reply: string;
  readonly trace: TraceContext | undefined;
  readonly startedAt = performance.now();
  readonly #surroundings: StageSurroundings;
  #controller: AbortController | undefined;
  #aborted: SluiceError | undefined;

  constructor(surroundings: StageSurroundings, message: Msg, read: (name: string) => string) {
    const { head, rest } = decodeFrame(message.data, read(headerNames.envelope));
    if (!isEnvelope(head))
      throw new SluiceError('invalid_request', 'The envelope lacks a field, or its id is not 1 to 64 of A-Z, a-z, 0-9, "-" and "_".', {
        param: headerNames.envelope,
      });
    this.#surroundings = surroundings;
    this.envelope = head;
    const claim = read(headerNames.claim);
    this.body = claim === '' ? Body.of(rest) : surroundings.claims.body(...parseClaim(claim));
    this.attempt = readCount(read, headerNames.attempt) ?? 1;
    this.deadline = readCount(read, headerNames.deadline) ?? Number.POSITIVE_INFINITY;
    this.remaining = readSlip(read);
    this.reply = message.reply ?? '';
    if (this.reply === '') throw new SluiceError('invalid_request', 'The message has no reply subject, so nobody could hear the answer.');
    this.trace = readTraceContext(read);
  }

  get instance(): string {
    return this.#surroundings.instance;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted);
    }
    return this.#controller.signal;
  }

  get claimRequired(): boolean {
    return this.attempt > 1 || Date.now() - this.envelope.dispatchedAt > this.#surroundings.hopBudgetMs;
  }

  abort(reason: SluiceError): void {
    this.#aborted ??= reason;
    this.#controller?.abort(reason);
  }

  get aborted(): SluiceError | undefined {
    return this.#aborted;
  }

  /** Milliseconds since the stage received it, to the microsecond. */
  get elapsedMs(): number {
    return Math.round((performance.now() - this.startedAt) * 1_000) / 1_000;
  }

  /** A JSON message to ingress's inbox. */
  send(type: InboxMessageType, value: unknown, reply?: string): void {
    const headers = new HeaderBlock().set(headerNames.type, type).set(headerNames.attempt, this.attempt);
    publishMessage(this.#surroundings.connection, { subject: this.reply, reply, headers, text: JSON.stringify(value) });
  }

  unmask(table: Record<string, string>): void {
    this.send('unmask', table);
  }

  accepted(call?: AcceptedCall): void {
    this.send('accepted', { instance: this.instance, ...call } satisfies Accepted);
  }

  async claim(): Promise<boolean> {
    const { inbox } = this.#surroundings;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const answers = inbox.open(`claim-${this.envelope.id}-${this.attempt}`, (message) => {
      resolve(message.string() === 'granted');
    });
    const timer = setTimeout(resolve, claimTimeoutMs, false);
    this.send('claim', { instance: this.instance }, answers.subject);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      inbox.close(answers);
    }
  }
}

function readCount(read: (name: string) => string, name: string): number | undefined {
  const text = read(name);
  if (text === '') return undefined;
  if (!/^[1-9]\d{0,15}$/.test(text))
    throw new SluiceError('invalid_request', `Header ${name} must be a positive whole number.`, { param: name });
  return Number(text);
}

/** Names become subjects, so a wrong one could end the connection with a protocol error. */
function readSlip(read: (name: string) => string): readonly string[] {
  const slip = read(headerNames.slip);
  if (slip === '') return [];
  const names = slip.split(',');
  if (names.length <= slipLimit && names.every((name) => stageName.test(name))) return names;
  throw new SluiceError('invalid_request', `Header ${headerNames.slip} must be at most ${slipLimit} stage names with commas between.`, {
    param: headerNames.slip,
  });
}

/** The light check between our own stages: enough that no later line can throw on a foreign message. */
function isEnvelope(head: unknown): head is Envelope {
  if (typeof head !== 'object' || head === null) return false;
  const envelope = head as Partial<Record<keyof Envelope, unknown>>; // every field is checked before use
  return (
    typeof envelope.id === 'string' &&
    requestId.test(envelope.id) &&
    typeof envelope.model === 'string' &&
    typeof envelope.dialect === 'string' &&
    typeof envelope.principal === 'object' &&
    envelope.principal !== null &&
    typeof envelope.found === 'object' &&
    envelope.found !== null &&
    typeof envelope.headers === 'object' &&
    envelope.headers !== null &&
    typeof envelope.cache === 'object' &&
    envelope.cache !== null &&
    typeof envelope.tags === 'object' &&
    envelope.tags !== null &&
    typeof envelope.dispatchedAt === 'number' &&
    Array.isArray(envelope.guards) &&
    Array.isArray(envelope.timings)
  );
}
