import { type BreakerPolicy, type BreakerTransition, CircuitBreaker } from './resilience/circuit-breaker.ts';
import { LatencyQuantile } from './resilience/latency-quantile.ts';
import { TargetLoad } from './resilience/target-load.ts';

/** What this process knows of a target from its calls; it outlives a new configuration. */
export class TargetHealth {
  readonly load = new TargetLoad();
  /** Times to the first token. */
  readonly firstTokens = new LatencyQuantile();
  readonly breaker: CircuitBreaker;

  constructor(policy: BreakerPolicy, onTransition: (transition: BreakerTransition) => void) {
    this.breaker = new CircuitBreaker(policy, onTransition);
  }
}
