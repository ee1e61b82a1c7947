/** One call as the simulated provider saw it. */
export interface SimulatedCall {
  /** From 1, gap-free in one instance. */
  readonly sequence: number;
  /** Epoch ms of the request's headers. */
  readonly at: number;
  readonly instance: string;
  readonly path: string;
  /** Header `x-sluice-request-id`. */
  readonly requestId: string | undefined;
  /** Header `x-sluice-attempt`. */
  readonly attempt: string | undefined;
  /** Header `x-sim-key`. */
  readonly key: string | undefined;
  model: string | undefined;
  stream: boolean;
  status: number | undefined;
  /** `aborted`: the client went before the answer was whole; `faulted`: this side broke it as the script said. */
  outcome: 'running' | 'completed' | 'aborted' | 'faulted';
  /** What it bills for the whole answer: an answer that was not read to its end may have been told as less. */
  usage: { readonly input: number; readonly output: number } | undefined;
  bodyBytes: number;
  /** The request body; kept for the last calls only and up to 64 KiB each. */
  body: string | undefined;
}

/** Unless told. */
export const defaultMaxCalls = 20_000;
const maxBodies = 256;
const maxBodyBytes = 65_536;

/** The last calls. */
export class SimulatedCalls {
  readonly #maxCalls: number;
  #calls: SimulatedCall[] = [];
  #withBody: SimulatedCall[] = [];
  #sequence = 0;

  constructor(maxCalls: number) {
    this.#maxCalls = maxCalls;
  }

  add(call: Omit<SimulatedCall, 'sequence' | 'model' | 'stream' | 'status' | 'outcome' | 'usage' | 'bodyBytes' | 'body'>): SimulatedCall {
    this.#sequence += 1;
    const added: SimulatedCall = {
      ...call,
      sequence: this.#sequence,
      model: undefined,
      stream: false,
      status: undefined,
      outcome: 'running',
      usage: undefined,
      bodyBytes: 0,
      body: undefined,
    };
    this.#calls.push(added);
    // Half is dropped at a time: shifting one by one would cost a move of the whole array for each call.
    if (this.#calls.length > this.#maxCalls) this.#calls = this.#calls.slice(this.#maxCalls / 2);
    return added;
  }

  keepBody(call: SimulatedCall, body: string, bytes: number): void {
    call.bodyBytes = bytes;
    if (bytes > maxBodyBytes) return;
    call.body = body;
    this.#withBody.push(call);
    if (this.#withBody.length <= maxBodies) return;
    const oldest = this.#withBody.shift();
    if (oldest !== undefined) oldest.body = undefined;
  }

  list(): SimulatedCall[] {
    return [...this.#calls];
  }

  clear(): void {
    this.#calls = [];
    this.#withBody = [];
  }
}
