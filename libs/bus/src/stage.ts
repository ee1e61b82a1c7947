/**
 * What a stage is: a function from one request to one outcome. Nothing here touches NATS, so a stage is tested by
 * calling its handler; {@link serveStage} joins it to the bus.
 */
import type { AcceptedCall, Answer, Envelope, GuardRun, SluiceError, TokenUsage, UnmaskTable } from '@sluice/contracts';
import type { Body } from './body.ts';

export interface StageRequest {
  readonly envelope: Envelope;
  /** The request's body in the client's dialect; fetched and parsed only when asked for. */
  readonly body: Body;
}

export interface StageContext {
  /** 1, or 2 where ingress heard nothing of the first within the hop budget. */
  readonly attempt: number;
  /** Epoch ms after which nobody waits. */
  readonly deadline: number;
  /** Id of this process on the bus. */
  readonly instance: string;
  /** Aborts at the deadline, on the client's hang-up and when the process must stop. Made on first use. */
  readonly signal: AbortSignal;
  /** Stages after this one, in order. */
  readonly remaining: readonly string[];
  /** Sends what was replaced to ingress, and to nobody else. */
  unmask(table: UnmaskTable): void;
  /**
   * Tells ingress that a provider is being called, so that it does not dispatch the request again.
   * @param call what ingress puts into the ledger, estimated, should this process die before it answers
   */
  accepted(call?: AcceptedCall): void;
  /** Asks ingress for the one right to call a provider for this request; false: another attempt has it, drop the work. */
  claim(): Promise<boolean>;
  /** True where {@link claim} must be granted before a provider is called: a second attempt, or one that comes late. */
  readonly claimRequired: boolean;
}

/** Passes the request to the next stage of the slip. */
export interface Forward {
  readonly kind: 'forward';
  /** Merged into `envelope.found` under the stage's own name. */
  readonly found?: unknown;
  readonly guards?: readonly GuardRun[];
  /** Replaces the body; absent: the bytes pass on untouched. */
  readonly body?: Uint8Array;
}

/** The part of an answer that a stage knows; the bus adds what the envelope already holds. */
export type AnswerPart = Partial<Omit<Answer, 'stage' | 'timings'>> & Pick<Answer, 'status' | 'contentType'>;

/** Ends the request with a whole answer. */
export interface Reply {
  readonly kind: 'reply';
  readonly answer: AnswerPart;
  readonly body: Uint8Array;
  readonly found?: unknown;
}

/** How a stream ended: what is only known once its last byte is out. */
export interface StreamEnd {
  readonly finishReason?: string | undefined;
  readonly usage?: TokenUsage | undefined;
  readonly attempts?: Answer['attempts'];
  /** The stream broke after bytes went out; ingress turns it into an error event of the client's dialect. */
  readonly error?: SluiceError | undefined;
}

/** Ends the request with a stream. Each chunk holds whole server-sent events in the client's dialect. */
export interface ReplyStream {
  readonly kind: 'stream';
  readonly head: AnswerPart;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Called once, after `chunks` ended or threw. */
  readonly end: (thrown?: unknown) => StreamEnd;
  readonly found?: unknown;
}

/** Ends the request without an answer. */
export interface Refuse {
  readonly kind: 'refuse';
  readonly error: SluiceError;
  readonly found?: unknown;
  readonly guards?: readonly GuardRun[];
  readonly attempts?: Answer['attempts'];
}

/** Leaves the request to another attempt: nothing is sent. */
export interface Drop {
  readonly kind: 'drop';
}

export type Outcome = Forward | Reply | ReplyStream | Refuse | Drop;

export function forward(patch: Omit<Forward, 'kind'> = {}): Forward {
  return { kind: 'forward', ...patch };
}

export function reply(answer: Omit<Reply, 'kind'>): Reply {
  return { kind: 'reply', ...answer };
}

export function replyStream(answer: Omit<ReplyStream, 'kind'>): ReplyStream {
  return { kind: 'stream', ...answer };
}

export function refuse(error: SluiceError, patch: Omit<Refuse, 'kind' | 'error'> = {}): Refuse {
  return { kind: 'refuse', error, ...patch };
}

export function drop(): Drop {
  return { kind: 'drop' };
}

export type StageHandler = (request: StageRequest, context: StageContext) => Outcome | Promise<Outcome>;

export interface Stage {
  /** Name in the slip, in the subject `stage.<name>` and as queue group. */
  readonly name: string;
  readonly version: string;
  /** One line for `nats micro info`. */
  readonly description: string;
  /** Requests worked on at once; more wait in a queue of `queueLimit`, and beyond it are refused as `overloaded`. */
  readonly concurrency: number;
  readonly queueLimit: number;
  /** What happens to a request beyond the queue: `pass` leaves an optional stage out. Default `refuse`. */
  readonly onOverload?: 'refuse' | 'pass';
  readonly handle: StageHandler;
}

/** Checks a stage's definition; the only way to make one. */
export function defineStage(stage: Stage): Stage {
  if (!/^[a-z0-9][a-z0-9_-]{0,63}$/.test(stage.name))
    throw new TypeError(`stage name "${stage.name}" must be 1 to 64 of a-z, 0-9, "-" and "_"`);
  if (stage.concurrency < 1 || stage.queueLimit < 0)
    throw new RangeError(`stage ${stage.name}: concurrency must be at least 1 and queueLimit at least 0`);
  return stage;
}
