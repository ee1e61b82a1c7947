import { createServer, type Server, type Socket } from 'node:net';
import { PgliteSession, type EmbeddedDatabase, type SessionClient } from './pglite-session.ts';
import { errorResponse, FrameReader, readyForQuery, type Frame } from './postgres-frames.ts';

export interface PgliteFrontLimits {
  /** One more is refused with SQLSTATE 53300. */
  readonly maxConnections: number;
  /** A longer frame ends the connection. */
  readonly maxFrameBytes: number;
  /** A transaction idle for longer is rolled back and its client told 25P03: it would stop everyone else. */
  readonly idleInTransactionMs: number;
}

const defaultFrontLimits: PgliteFrontLimits = { maxConnections: 100, maxFrameBytes: 64 * 1_048_576, idleInTransactionMs: 15_000 };

/** PGlite cannot read COPY data: the statement would end the whole instance. */
const copyFromStdin = /^\s*copy\b[^;]*\bfrom\s+stdin\b/i;

/** A PostgreSQL server socket on 127.0.0.1 in front of one PGlite. See README.md for how it differs from a real server. */
export class PgliteFront {
  readonly #session: PgliteSession;
  readonly #limits: PgliteFrontLimits;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();

  constructor(database: EmbeddedDatabase, onFatal: (error: unknown) => void, limits: PgliteFrontLimits = defaultFrontLimits) {
    this.#session = new PgliteSession(database, onFatal);
    this.#limits = limits;
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#accept(socket);
    });
  }

  /** Listens on `port`, 0 for any, and gives the port. */
  listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', () => {
        const address = this.#server.address();
        resolve(address === null || typeof address === 'string' ? port : address.port);
      });
    });
  }

  /** Ends every connection; open transactions are rolled back. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const connection of this.#connections) connection.end('57P01', 'the server is stopping');
    await closed;
  }

  #accept(socket: Socket): void {
    if (this.#connections.size >= this.#limits.maxConnections) {
      socket.on('error', () => undefined);
      socket.end(errorResponse('FATAL', '53300', `too many connections: the limit is ${this.#limits.maxConnections}`));
      return;
    }
    const connection = new Connection(socket, this.#session, this.#limits);
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
  }
}

/** One client: collects whole pipelines and hands them to the session. */
class Connection implements SessionClient {
  readonly #socket: Socket;
  readonly #session: PgliteSession;
  readonly #limits: PgliteFrontLimits;
  readonly #reader: FrameReader;
  #collecting: Buffer[] = [];
  readonly #ready: { messages: Buffer[]; keep: boolean }[] = [];
  /** After a refused Parse the rest of the pipeline is dropped, as the protocol wants. */
  #skipping = false;
  #left = false;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(socket: Socket, session: PgliteSession, limits: PgliteFrontLimits) {
    this.#socket = socket;
    this.#session = session;
    this.#limits = limits;
    this.#reader = new FrameReader(limits.maxFrameBytes);
    socket.on('data', (chunk: Buffer) => {
      this.#read(chunk);
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#left = true;
      session.wake(this);
    });
  }

  next(): ReturnType<SessionClient['next']> {
    if (this.#left) return 'leave';
    const pipeline = this.#ready.shift();
    if (pipeline === undefined) return undefined;
    return {
      ...pipeline,
      write: (data) => {
        this.#write(data);
      },
    };
  }

  holding(held: boolean): void {
    clearTimeout(this.#idleTimer);
    if (!held) return;
    this.#idleTimer = setTimeout(() => {
      this.end('25P03', `idle in transaction for ${this.#limits.idleInTransactionMs} ms: the embedded database has one session for all`);
    }, this.#limits.idleInTransactionMs);
    this.#idleTimer.unref();
  }

  end(sqlState: string, text: string): void {
    if (this.#socket.writable) this.#socket.end(errorResponse('FATAL', sqlState, text));
    this.#socket.destroySoon();
  }

  #write(data: Buffer): void {
    if (this.#socket.writable) this.#socket.write(data);
  }

  #read(chunk: Buffer): void {
    let frames: Frame[];
    try {
      frames = this.#reader.push(chunk);
    } catch (error) {
      this.end('08P01', `protocol violation: ${error instanceof Error ? error.message : 'unreadable frame'}`);
      return;
    }
    for (const frame of frames) this.#take(frame);
    if (this.#ready.length > 0) this.#session.wake(this);
  }

  #take(frame: Frame): void {
    if (frame.kind === 'ssl') this.#write(Buffer.from('N'));
    else if (frame.kind === 'cancel' || frame.type === 'X') this.#socket.end();
    else if (this.#refused(frame)) return;
    else this.#collect(frame);
  }

  #collect(frame: Frame): void {
    const ends = frame.kind === 'startup' || frame.type === 'Q' || frame.type === 'S' || frame.type === 'F';
    this.#collecting.push(frame.bytes);
    if (!ends && frame.type !== 'H') return;
    this.#ready.push({ messages: this.#collecting, keep: !ends });
    this.#collecting = [];
  }

  #refused(frame: Frame): boolean {
    if (this.#skipping) {
      if (frame.type !== 'S') return true;
      this.#skipping = false;
      this.#write(readyForQuery);
      return true;
    }
    if (!copyFromStdin.test(statementText(frame))) return false;
    this.#write(errorResponse('ERROR', '0A000', 'COPY FROM STDIN is not available in the embedded database; use INSERT'));
    if (frame.type === 'Q') this.#write(readyForQuery);
    else this.#skipping = true;
    return true;
  }
}

/** SQL of a Query or Parse message; its first 200 bytes tell what it is. */
function statementText(frame: Frame): string {
  if (frame.type === 'Q') return frame.bytes.toString('utf8', 5, 205);
  if (frame.type !== 'P') return '';
  const nameEnd = frame.bytes.indexOf(0, 5);
  return frame.bytes.toString('utf8', nameEnd + 1, nameEnd + 201);
}
