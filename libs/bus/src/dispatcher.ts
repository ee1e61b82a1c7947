import { SluiceError } from '@sluice/contracts';
import type { Dispatch, Dispatcher, DispatcherOptions, Exchange, ExchangeListener, PresenceTable } from './bus.ts';
import type { DispatcherSurroundings } from './dispatcher-surroundings.ts';
import { OpenExchange } from './open-exchange.ts';
import { Roster } from './roster.ts';

/** How often requests under way are looked over; the grain of deadlines and hop budgets. */
const sweepMs = 50;
/**
 * Ingress's end of the slip. One inbox subscription hears for all requests; one timer watches all deadlines.
 */
export class SlipDispatcher implements Dispatcher {
  readonly presence: PresenceTable;
  readonly #surroundings: DispatcherSurroundings;
  readonly #hopBudgetMs: number;
  readonly #exchanges = new Roster<OpenExchange>();
  readonly #sweeper: NodeJS.Timeout;

  constructor(surroundings: DispatcherSurroundings, options: DispatcherOptions) {
    this.#surroundings = surroundings;
    this.#hopBudgetMs = options.hopBudgetMs;
    this.presence = surroundings.presence;
    this.#sweeper = setInterval(() => {
      this.#sweep();
    }, sweepMs).unref();
  }

  get inFlight(): number {
    return this.#exchanges.size;
  }

  dispatch(request: Dispatch, listener: ExchangeListener): Exchange {
    const exchange = new OpenExchange(request, listener, this.#surroundings, (ended) => {
      this.#exchanges.remove(ended);
    });
    this.#exchanges.add(exchange);
    exchange.start();
    return exchange;
  }

  close(): Promise<void> {
    clearInterval(this.#sweeper);
    for (const exchange of this.#exchanges) exchange.fail(new SluiceError('stage_unavailable', 'The gateway is stopping; retry.'));
    return Promise.resolve();
  }

  #sweep(): void {
    const now = Date.now();
    for (const exchange of this.#exchanges) exchange.check(now, this.#hopBudgetMs);
  }
}
