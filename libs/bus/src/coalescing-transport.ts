import type { NatsConnection, ConnectionOptions } from 'nats';
import { NatsConnectionImpl, setTransportFactory } from 'nats/lib/nats-base-client/internal_mod.js';
import { nodeResolveHost, NodeTransport } from 'nats/lib/src/node_transport.js';

/**
 * The library's TCP transport with one difference: what one turn of the event loop publishes leaves in one system call.
 * The library flushes at the end of each microtask run, which is one call for nearly every message; at 64 requests in
 * flight those calls were half of ingress's CPU, and as many reads in the server (docs/decisions/0014).
 */
class CoalescingTransport extends NodeTransport {
  #corked = false;

  override send(frame: Uint8Array): void {
    const { socket } = this;
    if (this.isClosed || socket.destroyed) return;
    if (!this.#corked) {
      this.#corked = true;
      socket.cork();
      setImmediate(() => {
        this.#corked = false;
        socket.uncork();
      });
    }
    socket.write(frame); // errors come as the socket's own event, which the library handles
  }
}

/** `connect` of the library over {@link CoalescingTransport}. */
export function connectCoalescing(options: ConnectionOptions): Promise<NatsConnection> {
  setTransportFactory({ factory: () => new CoalescingTransport(), dnsResolveFn: nodeResolveHost });
  return NatsConnectionImpl.connect(options);
}
