import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { endChild } from './child-exit.ts';

export interface PostgresOptions {
  /** Absent: in memory. */
  readonly dataDir?: string;
  readonly port?: number;
  /** `false` starts without pgvector, as a plain server would be. */
  readonly vector?: boolean;
}

export interface EmbeddedPostgres {
  readonly url: string;
  readonly kind: 'pglite';
  readonly pid: number;
  stop(): Promise<void>;
}

/** File that a supervisor may run by itself; see its head for the environment. */
export const pgliteProcessPath: string = fileURLToPath(new URL('./pglite-main.ts', import.meta.url));

/** Making a new cluster takes 2 to 6 s of CPU time. */
const startTimeoutMs = 60_000;

/** Address of the one database of an embedded server. */
export function pgliteUrl(port: number): string {
  return `postgres://postgres@127.0.0.1:${port}/postgres`;
}

/** Environment for {@link pgliteProcessPath}. */
export function pgliteEnvironment(options: PostgresOptions): Record<string, string> {
  return {
    PGLITE_PORT: String(options.port ?? 0),
    ...(options.dataDir === undefined ? {} : { PGLITE_DATA_DIR: options.dataDir }),
    ...(options.vector === false ? { PGLITE_VECTOR: '0' } : {}),
  };
}

/** Starts PGlite (with pgvector) behind a PostgreSQL socket in a process of its own, which dies with this one. */
export async function startPostgres(options: PostgresOptions = {}): Promise<EmbeddedPostgres> {
  const child = fork(pgliteProcessPath, [], {
    env: { ...process.env, ...pgliteEnvironment(options) },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const port = await readyPort(child);
  return { url: pgliteUrl(port), kind: 'pglite', pid: child.pid ?? 0, stop: () => endChild(child, 'SIGTERM') };
}

function readyPort(child: ChildProcess): Promise<number> {
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-4_000);
  });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`PGlite was not ready within ${startTimeoutMs} ms: ${words}`));
    }, startTimeoutMs);
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`PGlite ended with ${code ?? 'a signal'} before it was ready: ${words}`));
    });
    child.once('message', (message: unknown) => {
      clearTimeout(timer);
      child.removeAllListeners('exit');
      if (typeof message === 'object' && message !== null && 'port' in message && typeof message.port === 'number') resolve(message.port);
      else reject(new Error('PGlite sent an unknown message'));
    });
  });
}
