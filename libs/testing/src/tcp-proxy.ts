import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A partition as TCP sees it: nothing arrives, nothing is lost, nobody is told; once it heals, what the kernels held goes on. New
 * connections are taken and left without an answer. The halves cut one direction only.
 */
export type Partition = 'both' | 'to-server' | 'to-client';

export interface TcpProxy {
  readonly port: number;
  /** Begins a partition; a later one takes its place. */
  cut(partition: Partition): void;
  /** Ends the partition. */
  heal(): void;
  /** Ends every connection with a TCP reset. @returns how many there were */
  reset(): number;
  stop(): Promise<void>;
}

/** Passes bytes from 127.0.0.1 to a port of 127.0.0.1 until told not to: the way of ONE process to ONE server, so that it alone can be cut off. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const passages = new Set<Passage>();
  let partition: Partition | undefined;
  const server = createServer({ noDelay: true, pauseOnConnect: true }, (client) => {
    const passage = new Passage(client, targetPort);
    passages.add(passage);
    client.once('close', () => passages.delete(passage));
    passage.follow(partition);
  });
  const set = (next: Partition | undefined) => {
    partition = next;
    for (const passage of passages) passage.follow(next);
  };
  return {
    port: await listen(server),
    cut: set,
    heal: () => {
      set(undefined);
    },
    reset: () => {
      const count = passages.size;
      for (const passage of passages) passage.reset();
      return count;
    },
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const passage of passages) passage.reset();
      await closed;
    },
  };
}

/** One connection's way through the proxy. */
class Passage {
  readonly #client: Socket;
  readonly #targetPort: number;
  /** Absent while a partition keeps it from being made. */
  #server: Socket | undefined;
  #partition: Partition | undefined;

  constructor(client: Socket, targetPort: number) {
    this.#client = client;
    this.#targetPort = targetPort;
    client.on('error', () => {
      this.reset();
    });
    client.on('close', () => {
      this.#server?.destroySoon();
    });
  }

  follow(partition: Partition | undefined): void {
    this.#partition = partition;
    if (this.#server !== undefined) this.#flow();
    else if (partition === undefined && !this.#client.destroyed) this.#open();
  }

  reset(): void {
    this.#client.resetAndDestroy();
    this.#server?.resetAndDestroy();
  }

  #open(): void {
    const server = connect({ port: this.#targetPort, host: '127.0.0.1', noDelay: true });
    this.#server = server;
    server.on('error', () => {
      this.reset();
    });
    server.on('close', () => {
      this.#client.destroySoon();
    });
    this.#pass(this.#client, server);
    this.#pass(server, this.#client);
    this.#flow();
  }

  #pass(from: Socket, to: Socket): void {
    from.on('data', (bytes) => {
      if (to.destroyed) return;
      if (!to.write(bytes)) from.pause();
    });
    to.on('drain', () => {
      this.#flow();
    });
  }

  /** Bytes that this process has read already were on their way: they arrive, as they would before a cut. */
  #flow(): void {
    const server = this.#server;
    if (server === undefined) return;
    const [client, partition] = [this.#client, this.#partition];
    if (partition === 'both' || partition === 'to-server' || server.writableNeedDrain) client.pause();
    else client.resume();
    if (partition === 'both' || partition === 'to-client' || client.writableNeedDrain) server.pause();
    else server.resume();
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('the proxy has no port'));
      else resolve(address.port);
    });
  });
}
