/**
 * What a service may do with Postgres. The same code runs on a real server and on PGlite behind its socket
 * multiplexer, which is ONE session for all clients: nothing here keeps session state, and neither may callers
 * (no SET, no session advisory locks, no LISTEN, no temporary tables, no named prepared statements).
 */

/** A value of a statement's parameter. Objects and arrays for `json` columns must be given as JSON text. */
export type SqlValue =
  string | number | bigint | boolean | Date | Uint8Array | null | undefined | readonly (string | number | boolean | null)[];

/**
 * Where statements can be sent. Rows come as `pg` decodes them: `bigint` and `numeric` as strings (no digit is lost),
 * `timestamptz` as `Date`, `json` and `jsonb` parsed, `bytea` as `Buffer`. `Row` is the caller's word for what its own
 * SQL selects; nothing checks it at run time, so parse columns that other programs may write.
 */
export interface Queryable {
  /**
   * Sends one statement.
   * @throws SluiceError `stage_unavailable` where the server is out of reach, `deadline_exceeded` where the statement
   * took longer than its limit, `internal_error` else; `sqlStateOf` tells the SQLSTATE of each
   */
  query<Row extends object = Record<string, unknown>>(text: string, values?: readonly SqlValue[]): Promise<Row[]>;
}

/** A {@link Queryable} whose statements stand or fall together. Valid only until the function it was given to ends. */
export type Transaction = Queryable;

export interface TransactionOptions {
  /** Replaces the database's limit for the statements of this transaction. */
  readonly statementTimeoutMs?: number;
}

export interface Database extends Queryable {
  /**
   * Runs `work` between BEGIN and COMMIT; a throw rolls back and is thrown on. Never retried: where the connection
   * breaks during COMMIT nobody knows whether it took effect, so `work` must be safe to repeat. Do no other I/O in
   * it: on PGlite every other client waits meanwhile. A statement's error takes the whole back, even where `work` catches it.
   */
  transaction<Result>(work: (transaction: Transaction) => Promise<Result>, options?: TransactionOptions): Promise<Result>;
  /** One round trip; throws as `query` does. */
  ping(): Promise<void>;
  /** Waits for statements under way, then closes every connection; closing twice is harmless. */
  close(): Promise<void>;
  /** Where it is, without user and password: for logs and errors. */
  readonly address: string;
}

export interface DatabaseOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** Shown in `pg_stat_activity`; the service's name. */
  readonly applicationName: string;
  /** Connections at once; further callers wait. PGlite runs one statement at a time however many there are. Default 2. */
  readonly maxConnections?: number;
  /** Longest wait for a connection: a free one of the pool, or a new one. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** Longest run of one statement, kept by the server, and by the client a second later in case the server is gone. Default 15,000. */
  readonly statementTimeoutMs?: number;
  /** Told of connections that break while idle; the pool replaces them by itself. */
  readonly onConnectionLost?: (error: Error) => void;
}
