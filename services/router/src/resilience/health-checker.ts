import type { Dispatcher } from 'undici';
import type { CircuitBreaker } from './circuit-breaker.ts';

/** Bad checks in a row that open the breakers: one may be chance. */
const badInRow = 2;
/** The interval is spread by so much to either side, so that replicas do not check together. */
const jitter = 0.1;
/** An answer's body says nothing and is not read beyond this, bytes. */
const maxBodyBytes = 65_536;

export interface HealthCheck {
  /** Connections to the provider. */
  readonly dispatcher: Dispatcher;
  readonly origin: string;
  /** Full path below the origin. */
  readonly path: string;
  /** Credentials among them; asked for anew each time, for some are signed with the time. */
  readonly headers: () => Record<string, string> | Promise<Record<string, string>>;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Of all targets of the provider, as they are now. */
  readonly breakers: () => Iterable<CircuitBreaker>;
}

export interface HealthCheckerTools {
  readonly clock: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** After each check, for metrics and the log. */
  readonly onCheck?: (well: boolean) => void;
}

/**
 * Asks a provider now and then whether it is well. Two bad answers in a row open the breakers of its targets, before any request
 * meets it; a good one lets the next request try. A check begins only when the one before has ended.
 */
export class HealthChecker {
  readonly #check: HealthCheck;
  readonly #tools: HealthCheckerTools;
  readonly #closing = new AbortController();
  #bad = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(check: HealthCheck, tools: HealthCheckerTools) {
    this.#check = check;
    this.#tools = tools;
    this.#schedule();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await this.#running;
  }

  #schedule(): void {
    if (this.#closing.signal.aborted) return;
    const { intervalMs } = this.#check;
    this.#timer = setTimeout(
      () => {
        this.#running = this.#run();
      },
      intervalMs * (1 - jitter + 2 * jitter * this.#tools.random()),
    );
    this.#timer.unref();
  }

  async #run(): Promise<void> {
    const well = await this.#isWell();
    if (this.#closing.signal.aborted) return;
    this.#tools.onCheck?.(well);
    this.#bad = well ? 0 : this.#bad + 1;
    const now = this.#tools.clock();
    const { intervalMs, timeoutMs, breakers } = this.#check;
    for (const breaker of breakers()) {
      if (well) breaker.heardWell('checked', now);
      // Until after the next check, should it be bad too; if no check comes any more, the breaker tries by itself.
      else if (this.#bad >= badInRow) breaker.heardIll(now + 2 * intervalMs + timeoutMs, 'checked', now);
    }
    this.#schedule();
  }

  /** Any answer below 500 is a sign of life: what is asked for may need rights that the key lacks. */
  async #isWell(): Promise<boolean> {
    const { dispatcher, origin, path, timeoutMs } = this.#check;
    const late = AbortSignal.timeout(timeoutMs);
    try {
      const headers = await this.#check.headers();
      const signal = AbortSignal.any([late, this.#closing.signal]);
      const { statusCode, body } = await dispatcher.request({ origin, path, method: 'GET', headers, signal });
      await body.dump({ limit: maxBodyBytes, signal });
      return statusCode < 500;
    } catch {
      return false;
    }
  }
}
