import { SluiceError } from '@sluice/contracts';
import pg from 'pg';
import type { Database, DatabaseOptions, Queryable, SqlValue } from './database.ts';
import { databaseError } from './database-error.ts';
import { StatementSpans } from './statement-spans.ts';

/** How long after the server's own statement limit the client gives up on an answer. */
const clientGraceMs = 1_000;
/** Idle connections are given back, so that a restarted server or proxy is not met by stale ones. */
const idleTimeoutMs = 30_000;

/**
 * Opens a pool of connections; none is made before the first statement, and broken ones are replaced by themselves.
 * @throws SluiceError `invalid_request` where the URL is none of Postgres
 */
export function openDatabase(options: DatabaseOptions): Database {
  const url = parseUrl(options.url);
  const address = addressOf(url);
  const spans = new StatementSpans(url);
  const statementTimeoutMs = options.statementTimeoutMs ?? 15_000;
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: options.applicationName,
    max: options.maxConnections ?? 2,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    idleTimeoutMillis: idleTimeoutMs,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + clientGraceMs,
    // A client that died inside a transaction would hold its locks (on PGlite: everybody) for ever.
    idle_in_transaction_session_timeout: statementTimeoutMs,
    keepAlive: true,
  });
  // Without a listener, a connection that breaks while idle would end the process.
  pool.on('error', (error) => options.onConnectionLost?.(error));
  let closing: Promise<void> | undefined;

  async function withClient<Result>(work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
    let client: pg.PoolClient;
    try {
      client = pool.idleCount > 0 ? await pool.connect() : await spans.connection(() => pool.connect());
    } catch (thrown) {
      throw closing === undefined
        ? databaseError(thrown, address)
        : new SluiceError('stage_unavailable', 'The database was closed.', {}, thrown);
    }
    let broken: Error | undefined;
    // While a client is out of the pool, its errors are ours: the statement under way rejects, this marks the rest.
    const onError = (error: Error): void => {
      broken = error;
    };
    client.on('error', onError);
    try {
      return await work(client);
    } catch (thrown) {
      if (mayBeBroken(thrown)) broken ??= thrown;
      throw thrown;
    } finally {
      client.off('error', onError);
      client.release(broken);
    }
  }

  return {
    address,
    query: (text, values) => withClient((client) => queryable(client, address, spans).query(text, values)),
    transaction: (work, { statementTimeoutMs: limitMs } = {}) =>
      withClient(async (client) => {
        const transaction = queryable(client, address, spans, limitMs);
        await transaction.query('BEGIN');
        let result;
        try {
          // LOCAL: it ends with the transaction, so PGlite's other clients never see it.
          if (limitMs !== undefined) await transaction.query(`SET LOCAL statement_timeout = ${Math.ceil(limitMs)}`);
          result = await work(transaction);
        } catch (thrown) {
          await rollBack(transaction, thrown);
          throw thrown;
        }
        await commit(client, address, spans, limitMs);
        return result;
      }),
    async ping() {
      await this.query('SELECT 1');
    },
    close: () => (closing ??= pool.end()),
  };
}

/** Throws only where the connection is lost, so that it is thrown away; the server then rolls back by itself. */
async function rollBack(transaction: Queryable, reason: unknown): Promise<void> {
  if (mayBeBroken(reason)) return;
  await transaction.query('ROLLBACK');
}

/** A server asked to commit what it had given up says ROLLBACK, and no error: where `work` caught that of a statement, nothing of it stands. */
async function commit(client: pg.PoolClient, address: string, spans: StatementSpans, limitMs?: number): Promise<void> {
  const { command } = await spans.statement('COMMIT', () => answer(client, { text: 'COMMIT', ...clientLimit(limitMs) }, address));
  if (command !== 'COMMIT')
    throw new SluiceError(
      'internal_error',
      'The database took a transaction back: one of its statements had failed, and the error was caught.',
    );
}

function queryable(client: pg.PoolClient, address: string, spans: StatementSpans, limitMs?: number): Queryable {
  const limit = clientLimit(limitMs);
  return {
    query: <Row extends object>(text: string, values?: readonly SqlValue[]) =>
      spans.statement(text, async () => {
        const statement = { text, ...(values === undefined ? {} : { values: [...values] }), ...limit };
        return (await answer<Row>(client, statement, address)).rows;
      }),
  };
}

function clientLimit(limitMs: number | undefined): { readonly query_timeout?: number } {
  return limitMs === undefined ? {} : { query_timeout: limitMs + clientGraceMs };
}

async function answer<Row extends object>(
  client: pg.PoolClient,
  statement: pg.QueryConfig,
  address: string,
): Promise<pg.QueryResult<Row & pg.QueryResultRow>> {
  try {
    return await client.query<Row & pg.QueryResultRow>(statement);
  } catch (thrown) {
    throw databaseError(thrown, address);
  }
}

/** A connection whose state nobody knows is thrown away; a refused statement leaves it sound. */
function mayBeBroken(thrown: unknown): thrown is SluiceError {
  return thrown instanceof SluiceError && (thrown.code === 'stage_unavailable' || thrown.code === 'deadline_exceeded');
}

function parseUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^postgres(ql)?:$/.test(parsed.protocol)) {
    throw new SluiceError('invalid_request', 'DATABASE_URL must look like postgres://user:password@host:5432/database.', {
      param: 'DATABASE_URL',
    });
  }
  return parsed;
}

function addressOf({ host, pathname }: URL): string {
  return `${host === '' ? 'localhost' : host}${pathname}`;
}
