import type { NatsConnection, ConnectionOptions } from 'nats';
import { NatsConnectionImpl, setTransportFactory } from 'nats/lib/nats-base-client/internal_mod.js';
import { nodeResolveHost, NodeTransport } from 'nats/lib/src/node_transport.js';

/** Requests in hand from which a process gathers: then several publish within {@link gatherMs}, and none is waited for alone. */
const busyRequests = 8;
/** How long a busy process gathers before it sends; the shortest that a timer knows. */
const gatherMs = 1;

/** How many requests this process has in hand; told by the bus, read by the transport. */
export interface Load {
  readonly requests: () => number;
}

/**
 * The library's TCP transport with one difference: what one turn of the event loop publishes leaves in one system call,
 * and what a busy process publishes within a millisecond. The library flushes at the end of each microtask run, which is
 * one call for nearly every message; at 64 requests in flight those calls were half of ingress's CPU, and as many reads
 * in the server. Only where requests start their way (ingress, and the router with its answers) is gathering needed:
 * the stages between receive what was gathered at once and so send it at once (docs/decisions/0014).
 */
class CoalescingTransport extends NodeTransport {
  readonly #load: Load;
  #corked = false;

  constructor(load: Load) {
    super();
    this.#load = load;
  }

  override send(frame: Uint8Array): void {
    const { socket } = this;
    if (this.isClosed || socket.destroyed) return;
    if (!this.#corked) {
      this.#corked = true;
      socket.cork();
      if (this.#load.requests() >= busyRequests) setTimeout(this.#flush, gatherMs);
      else setImmediate(this.#flush);
    }
    socket.write(frame); // errors come as the socket's own event, which the library handles
  }

  readonly #flush = (): void => {
    this.#corked = false;
    this.socket.uncork();
  };
}

/** `connect` of the library over {@link CoalescingTransport}. */
export function connectCoalescing(options: ConnectionOptions, load: Load): Promise<NatsConnection> {
  setTransportFactory({ factory: () => new CoalescingTransport(load), dnsResolveFn: nodeResolveHost });
  return NatsConnectionImpl.connect(options);
}
