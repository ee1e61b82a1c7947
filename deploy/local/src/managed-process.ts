import { spawn, type ChildProcess } from 'node:child_process';
import { endChild, hasEnded } from '@sluice/testing';

/** What a supervisor needs to know of one process. */
export interface ProcessDefinition {
  /** What it is, e.g. `metering`. */
  readonly name: string;
  /** Unique, e.g. `metering-2`. */
  readonly instance: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Ports it listens on, by purpose; they stay the same over restarts. */
  readonly ports: Readonly<Record<string, number>>;
  /** `ipc`: a Node program that ends when the channel closes. `stdin`: one wrapped by `tiedCommand`. */
  readonly tie: 'ipc' | 'stdin';
  /** Instances start only after all of these are ready. */
  readonly after: readonly string[];
  /** Stopping goes from the highest layer to the lowest. */
  readonly layer: number;
  /** How long it may take after SIGTERM until SIGKILL. */
  readonly stopBudgetMs: number;
  /** Lines of its output that nobody needs. */
  readonly quiet?: RegExp;
  /** Resolves when it serves; absent: once it runs. */
  readonly ready?: (child: ChildProcess) => Promise<void>;
}

export interface ManagedProcessEvents {
  /** A new child runs. */
  started(child: ChildProcess): void;
  /** It ended by itself; `retryMs` says when it comes back, absent: never. */
  crashed(reason: string, retryMs: number | undefined): void;
}

export interface RestartPolicy {
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** Runs that lasted so long reset the delay. */
  readonly healthyMs: number;
}

const defaultRestartPolicy: RestartPolicy = { firstDelayMs: 250, maxDelayMs: 10_000, healthyMs: 60_000 };

/** Exit code of a process whose settings are wrong (EX_CONFIG): starting it again cannot help. */
const configurationExitCode = 78;

/** Keeps one process running until it is stopped. */
export class ManagedProcess {
  readonly definition: ProcessDefinition;
  readonly #events: ManagedProcessEvents;
  readonly #policy: RestartPolicy;
  #child: ChildProcess | undefined;
  #retry: NodeJS.Timeout | undefined;
  #delayMs: number;
  #stopping = false;
  #restarts = 0;

  constructor(definition: ProcessDefinition, events: ManagedProcessEvents, policy: RestartPolicy = defaultRestartPolicy) {
    this.definition = definition;
    this.#events = events;
    this.#policy = policy;
    this.#delayMs = policy.firstDelayMs;
  }

  get pid(): number | undefined {
    return this.#child === undefined || hasEnded(this.#child) ? undefined : this.#child.pid;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Starts it and waits until it is ready. Rejects when it ends before, without a second try. */
  async start(): Promise<void> {
    const child = this.#spawn();
    const ended = new Promise<never>((_resolve, reject) => {
      child.once('exit', (code, signal) => {
        reject(new Error(`${this.definition.instance} ended with ${describeEnd(code, signal)} before it was ready`));
      });
      child.once('error', reject);
    });
    ended.catch(() => undefined);
    await Promise.race([this.definition.ready?.(child), ended]);
  }

  /** SIGTERM, then SIGKILL after the budget. It is not started again. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#retry);
    if (this.#child !== undefined) await endChild(this.#child, 'SIGTERM', this.definition.stopBudgetMs);
  }

  /** At once. */
  kill(): void {
    this.#stopping = true;
    clearTimeout(this.#retry);
    if (this.pid !== undefined) this.#child?.kill('SIGKILL');
  }

  #spawn(): ChildProcess {
    const { command, args, env, tie } = this.definition;
    const startedAt = Date.now();
    // A group of its own: Ctrl-C in the terminal must reach the supervisor alone, which stops the others in order.
    const child = spawn(command, args, {
      env,
      detached: true,
      stdio: tie === 'ipc' ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.once('error', (error) => {
      this.#ended(`cannot be started: ${error.message}`, startedAt, true);
    });
    child.once('exit', (code, signal) => {
      this.#ended(describeEnd(code, signal), startedAt, code !== configurationExitCode);
    });
    child.stdin?.on('error', () => undefined);
    if (child.pid !== undefined) this.#events.started(child);
    return child;
  }

  #ended(reason: string, startedAt: number, again: boolean): void {
    if (this.#stopping) return;
    if (!again) {
      this.#events.crashed(reason, undefined);
      return;
    }
    if (Date.now() - startedAt >= this.#policy.healthyMs) this.#delayMs = this.#policy.firstDelayMs;
    const delayMs = this.#delayMs;
    this.#delayMs = Math.min(delayMs * 2, this.#policy.maxDelayMs);
    this.#retry = setTimeout(() => {
      this.#restarts += 1;
      this.#spawn();
    }, delayMs);
    this.#events.crashed(reason, delayMs);
  }
}

function describeEnd(code: number | null, signal: string | null): string {
  if (code === configurationExitCode) return `code ${code}: its settings are wrong, see its lines above`;
  return signal ?? `code ${code ?? 'unknown'}`;
}
