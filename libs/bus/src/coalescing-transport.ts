import { createConnection, type Socket } from 'node:net';
import type { NatsConnection, ConnectionOptions } from 'nats';
import { NatsConnectionImpl, setTransportFactory } from 'nats/lib/nats-base-client/internal_mod.js';
import { nodeResolveHost, NodeTransport } from 'nats/lib/src/node_transport.js';

/** Requests in hand from which a process gathers: then several publish within {@link gatherMs}, and none is waited for alone. */
const busyRequests = 8;
/** How long a busy process gathers before it sends; the shortest that a timer knows. */
const gatherMs = 1;

/** Read at once from the server. */
const readBufferBytes = 64 * 1024;

/** How many requests this process has in hand; told by the bus, read by the transport. */
export interface Load {
  readonly requests: () => number;
}

/**
 * The library's TCP transport with two differences. What one turn of the event loop publishes leaves in one system call,
 * and what a busy process publishes within a millisecond. The library flushes at the end of each microtask run, which is
 * one call for nearly every message; at 64 requests in flight those calls were half of ingress's CPU, and as many reads
 * in the server. Only where requests start their way (ingress, and the router with its answers) is gathering needed:
 * the stages between receive what was gathered at once and so send it at once (docs/decisions/0014). And it reads into one buffer.
 */
class CoalescingTransport extends NodeTransport {
  readonly #load: Load;
  #corked = false;

  constructor(load: Load) {
    super();
    this.#load = load;
  }

  /**
   * Reads into one buffer and hands on exact copies. By default every read takes 64 KB of its own and gives most of it
   * back, which at some thousand reads a second keeps the garbage collector at work.
   * TLS reads from the handle below and is not touched by it (tls-options.spec.ts).
   */
  override dial({ hostname, port }: { hostname: string; port: number }): Promise<Socket> {
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    const socket = createConnection({
      host: hostname,
      port,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(readBufferBytes),
        callback: (length, buffer) => {
          socket.emit('data', Buffer.from(buffer.subarray(0, length)));
          return true;
        },
      },
    });
    let failure: Error | undefined;
    socket.once('connect', () => {
      socket.removeAllListeners();
      resolve(socket);
    });
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('close', () => {
      socket.removeAllListeners();
      reject(failure ?? new Error('the connection was closed before it was made'));
    });
    return promise;
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

/**
 * `connect` of the library over {@link CoalescingTransport}. A wrong password ends it at the start; later the library would give a connection up for
 * good where a server refused it twice in a row, one with half of its configuration for one, and the process would live on without.
 */
export async function connectCoalescing(options: ConnectionOptions, load: Load): Promise<NatsConnection> {
  setTransportFactory({ factory: () => new CoalescingTransport(load), dnsResolveFn: nodeResolveHost });
  const connection = await NatsConnectionImpl.connect(options);
  if (connection instanceof NatsConnectionImpl) connection.options.ignoreAuthErrorAbort = true;
  return connection;
}
