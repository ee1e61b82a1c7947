import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import type { Embedder } from './embedder.ts';

interface Job {
  readonly texts: readonly string[];
  readonly resolve: (vectors: readonly Float32Array[]) => void;
  readonly reject: (error: Error) => void;
}

const answerSchema = z.object({ vectors: z.array(z.instanceof(Float32Array)).optional(), error: z.string().optional() });

/** Texts in one run of the model: beyond it a run gains little and makes those who come next wait. */
const maxTextsPerRun = 24;
const maxWaitingJobs = 24;
/** The model takes 0.7 s to load; it is given this long, and a run as well. */
const runTimeoutMs = 20_000;
/** After the worker died, nothing is tried for this long. */
const restartAfterMs = 30_000;

export interface WorkerEmbedderOptions {
  readonly clock: () => number;
  /** Called with the milliseconds of each run of the model. */
  readonly onRun: (milliseconds: number) => void;
}

/**
 * The sentence encoder in a worker thread, started with the first text: about 165 MB of memory that a process
 * without semantic policies or models never pays. Jobs that wait are gathered into one run, which halves the time of each text.
 */
export class WorkerEmbedder implements Embedder {
  readonly dimensions = 512;
  readonly #options: WorkerEmbedderOptions;
  readonly #waiting = { request: new Array<Job>(), background: new Array<Job>() };
  #worker: Worker | undefined;
  #running: readonly Job[] | undefined;
  #startedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #brokenUntil = 0;

  constructor(options: WorkerEmbedderOptions) {
    this.#options = options;
  }

  embed(texts: readonly string[], priority: 'request' | 'background'): Promise<readonly Float32Array[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Float32Array[]>();
    if (this.#waiting[priority].length >= maxWaitingJobs) reject(new Error('the encoder is overloaded'));
    else if (this.#options.clock() < this.#brokenUntil) reject(new Error('the encoder is out of order'));
    else {
      this.#waiting[priority].push({ texts, resolve, reject });
      this.#run();
    }
    return promise;
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#fail(new Error('the encoder was closed'));
    await worker?.terminate();
  }

  #run(): void {
    if (this.#running !== undefined) return;
    const jobs = this.#take();
    if (jobs.length === 0) return;
    this.#running = jobs;
    this.#startedAt = performance.now();
    this.#timer = setTimeout(() => {
      this.#fail(new Error('the encoder did not answer in time'));
    }, runTimeoutMs);
    this.#timer.unref();
    this.#worker ??= this.#start();
    this.#worker.postMessage(jobs.flatMap(({ texts }) => texts));
  }

  #take(): Job[] {
    const queue = this.#waiting.request.length > 0 ? this.#waiting.request : this.#waiting.background;
    const jobs: Job[] = [];
    let texts = 0;
    for (let job = queue[0]; job !== undefined && (jobs.length === 0 || texts + job.texts.length <= maxTextsPerRun); job = queue[0]) {
      queue.shift();
      jobs.push(job);
      texts += job.texts.length;
    }
    return jobs;
  }

  #start(): Worker {
    const worker = new Worker(new URL('./embedding-worker.ts', import.meta.url), { resourceLimits: { maxOldGenerationSizeMb: 256 } });
    worker.unref();
    worker.on('message', (message: unknown) => {
      if (worker === this.#worker) this.#finish(message);
    });
    worker.on('error', (error) => {
      if (worker === this.#worker) this.#fail(error instanceof Error ? error : new Error('the encoder broke'));
    });
    return worker;
  }

  #finish(message: unknown): void {
    const jobs = this.#running ?? [];
    const { vectors } = answerSchema.parse(message);
    clearTimeout(this.#timer);
    this.#running = undefined;
    this.#options.onRun(performance.now() - this.#startedAt);
    let next = 0;
    for (const { texts, resolve, reject } of jobs) {
      const own = vectors?.slice(next, next + texts.length);
      next += texts.length;
      if (own?.length === texts.length) resolve(own);
      else reject(new Error('the encoder failed'));
    }
    this.#run();
  }

  #fail(error: Error): void {
    clearTimeout(this.#timer);
    const jobs = [...(this.#running ?? []), ...this.#waiting.request.splice(0), ...this.#waiting.background.splice(0)];
    this.#running = undefined;
    this.#brokenUntil = this.#options.clock() + restartAfterMs;
    void this.#worker?.terminate();
    this.#worker = undefined;
    for (const { reject } of jobs) reject(error);
  }
}
