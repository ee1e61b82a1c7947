import { errorTable, isErrorCode, type Envelope } from '@sluice/contracts';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Ending } from './usage-events.ts';

/** Metrics of the edge. Labels are bounded: status, cache state, and names that the configuration lists. */
export class IngressMetrics {
  readonly #requests: Counter<'model' | 'status' | 'cache'>;
  readonly #duration: Histogram<'stream'>;
  readonly #firstToken: Histogram;
  readonly #inFlight: Gauge;
  readonly #counters = new Map<string, Counter.Internal>();
  readonly #plain: Histogram.Internal<'stream'>;
  readonly #streamed: Histogram.Internal<'stream'>;
  #open = 0;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#requests = new Counter({
      name: 'sluice_requests_total',
      help: 'Model requests by outcome',
      labelNames: ['model', 'status', 'cache'],
      registers,
    });
    const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
    this.#duration = new Histogram({
      name: 'sluice_request_duration_seconds',
      help: 'Whole time of a model request',
      labelNames: ['stream'],
      buckets,
      registers,
    });
    this.#firstToken = new Histogram({
      name: 'sluice_time_to_first_token_seconds',
      help: 'Time to the first bytes of a stream',
      buckets,
      registers,
    });
    const open = (): number => this.#open;
    this.#inFlight = new Gauge({
      name: 'sluice_requests_in_flight',
      help: 'Model requests under way',
      registers,
      collect() {
        this.set(open());
      },
    });
    this.#inFlight.set(0);
    this.#plain = this.#duration.labels('false');
    this.#streamed = this.#duration.labels('true');
  }

  begun(): void {
    this.#open += 1;
  }

  done(): void {
    this.#open -= 1;
  }

  ended(envelope: Envelope, ending: Ending, cache: string): void {
    // A stream that broke off was begun with 200; an alert on failures must see it all the same.
    const { errorCode } = ending;
    const status =
      ending.outcome === 'failed' && errorCode !== undefined && isErrorCode(errorCode) ? errorTable[errorCode].status : ending.status;
    const key = `${envelope.model} ${status} ${cache}`;
    let counter = this.#counters.get(key);
    if (counter === undefined) this.#counters.set(key, (counter = this.#requests.labels(envelope.model, String(status), cache)));
    counter.inc();
    (envelope.stream ? this.#streamed : this.#plain).observe(ending.latencyMs / 1_000);
    if (ending.timeToFirstTokenMs !== undefined) this.#firstToken.observe(ending.timeToFirstTokenMs / 1_000);
  }
}
