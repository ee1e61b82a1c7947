import { isRecord } from '@sluice/contracts';
import type { JsonObject } from '@sluice/dialects';
import type { Dispatcher } from 'undici';
import { readFailure, readHeaders } from './ai-sdk-failure.ts';
import { toCallOptions } from './call-options.ts';
import type { LoadedProvider } from './load-provider.ts';

/** What is asked of a package, read off the path and the body. */
export interface AiSdkTask {
  readonly kind: 'generate' | 'stream' | 'embed';
  readonly model: string;
  readonly call: JsonObject;
  readonly headers: Readonly<Record<string, string>>;
}

/** One call of a package that looks like an HTTP call: it begins, answers or fails, and can be paused and given up. */
export class AiSdkCall implements Dispatcher.DispatchController {
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #abort = new AbortController();
  /** Rejects once the call is given up: packages need not heed the signal. */
  readonly #givenUp = Promise.withResolvers<never>();
  #resumed = Promise.withResolvers<undefined>();
  #reason: Error | null = null;
  #answering = false;
  paused = false;

  constructor(handler: Dispatcher.DispatchHandler) {
    this.#handler = handler;
    this.#resumed.resolve(undefined);
    this.#givenUp.promise.catch(() => undefined);
  }

  get aborted(): boolean {
    return this.#reason !== null;
  }

  get reason(): Error | null {
    return this.#reason;
  }

  abort(reason: Error): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#abort.abort(reason);
    this.#givenUp.reject(reason);
    this.resume();
  }

  pause(): void {
    if (this.paused || this.aborted) return;
    this.paused = true;
    this.#resumed = Promise.withResolvers();
  }

  resume(): void {
    this.paused = false;
    this.#resumed.resolve(undefined);
  }

  /** Settles once the handler was told the end. */
  async run(provider: Promise<LoadedProvider>, task: AiSdkTask): Promise<void> {
    try {
      const loaded = await this.#unlessGivenUp(provider);
      this.#handler.onRequestStart?.(this, {}); // the call begins with the package's own: what is given up before was never made
      this.#abort.signal.throwIfAborted();
      await this.#answer(loaded, task);
      this.#handler.onResponseEnd?.(this, {});
    } catch (thrown) {
      if (this.#reason === null) this.#fail(thrown);
      else this.#handler.onResponseError?.(this, this.#reason);
    }
  }

  async #answer(provider: LoadedProvider, { kind, model, call, headers }: AiSdkTask): Promise<void> {
    const loaded = kind === 'embed' ? provider.embeddingModel(model) : provider.languageModel(model);
    const options = { ...toCallOptions(call, loaded.specificationVersion), headers, abortSignal: this.#abort.signal };
    const method = kind === 'generate' ? 'doGenerate' : kind === 'stream' ? 'doStream' : 'doEmbed';
    const result = await this.#unlessGivenUp(loaded.call(method, options));
    const given = isRecord(result) ? result : {};
    const answered = isRecord(given.response) ? readHeaders(given.response.headers) : {};
    this.#answering = true;
    if (kind === 'stream') {
      this.#handler.onResponseStart?.(this, 200, { ...answered, 'content-type': 'text/event-stream' });
      await this.#copyStream(given.stream);
    } else {
      this.#handler.onResponseStart?.(this, 200, { ...answered, 'content-type': 'application/json' });
      this.#handler.onResponseData?.(this, toJson(kind === 'embed' ? readVectors(given, call) : readResult(given)));
    }
    this.#abort.signal.throwIfAborted();
  }

  async #copyStream(stream: unknown): Promise<void> {
    if (!(stream instanceof ReadableStream)) throw new Error('the provider package gave no stream');
    const reader: ReadableStreamDefaultReader<unknown> = stream.getReader();
    const cancel = (): void => void reader.cancel().catch(() => undefined);
    this.#abort.signal.addEventListener('abort', cancel);
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done || this.aborted) return;
        if (isRecord(value) && value.type === 'raw') continue;
        this.#handler.onResponseData?.(this, Buffer.concat([eventStart, toJson(readPart(value)), eventEnd]));
        await this.#resumed.promise;
      }
    } finally {
      // A stream that is given up must not go on; one that has ended takes no harm.
      cancel();
    }
  }

  #unlessGivenUp<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#givenUp.promise]);
  }

  #fail(thrown: unknown): void {
    if (this.#answering) {
      this.#handler.onResponseError?.(this, new Error('the provider package broke off its answer', { cause: thrown }));
      return;
    }
    const failure = readFailure(thrown);
    if (failure.kind === 'connection') {
      this.#handler.onResponseError?.(this, failure.error);
      return;
    }
    this.#handler.onResponseStart?.(this, failure.status, { ...failure.headers, 'content-type': 'application/json' });
    this.#handler.onResponseData?.(this, Buffer.from(failure.body));
    this.#handler.onResponseEnd?.(this, {});
  }
}

const eventStart = Buffer.from('data: ');
const eventEnd = Buffer.from('\n\n');

/** What the codec reads of `doGenerate`'s result; its copies of request and answer are left behind. */
function readResult({ content, finishReason, usage, response }: JsonObject): JsonObject {
  const { id, modelId, timestamp } = isRecord(response) ? response : {};
  return { content, finishReason, usage, response: { id, modelId, timestamp } };
}

function readVectors({ embeddings, usage }: JsonObject, { values }: JsonObject): JsonObject {
  const texts: readonly unknown[] = Array.isArray(values) ? values : [];
  const characters = texts.reduce<number>((sum, text) => sum + (typeof text === 'string' ? text.length : 0), 0);
  return { embeddings, usage, characters };
}

/** Errors have no members of their own in JSON. */
function readPart(part: unknown): unknown {
  if (!isRecord(part) || part.type !== 'error') return part;
  const { error } = part;
  if (!(error instanceof Error)) return part;
  return { type: 'error', error: { code: error.name, message: error.message } };
}

function toJson(value: unknown): Buffer {
  return Buffer.from(
    JSON.stringify(value, (_name, member: unknown) => (member instanceof Uint8Array ? Buffer.from(member).toString('base64') : member)),
  );
}
