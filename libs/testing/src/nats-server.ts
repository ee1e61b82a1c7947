import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endChild, hasEnded } from './child-exit.ts';
import { findFreePort } from './free-port.ts';
import { tiedCommand } from './tied-command.ts';

export interface NatsServerOptions {
  /** JetStream's directory; absent: a temporary one that `stop` removes. */
  readonly storeDir?: string;
  readonly port?: number;
  /** The server's own default is 1 MiB. */
  readonly maxPayloadBytes?: number;
  /** The binary; absent: `nats-server` from PATH. */
  readonly bin?: string;
  /** Its place in a cluster; see {@link startNatsCluster}. */
  readonly cluster?: ClusterPlace;
  /** Of user `sluice`, the only one then; absent: anybody may connect. */
  readonly password?: string;
}

/** One server of a cluster, all on 127.0.0.1. */
export interface ClusterPlace {
  readonly serverName: string;
  readonly clusterPort: number;
  /** Of all servers. */
  readonly clusterPorts: readonly number[];
  /** Where it tells how it is. */
  readonly monitorPort: number;
}

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** The last 4,000 characters that it logged. */
  readonly words: string;
  /** Ends the process and keeps the store; SIGKILL unless told. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Ends the process, and removes the store unless it was given. */
  stop(): Promise<void>;
}

/** How long a start may take; a healthy one needs 50 to 200 ms. */
const startTimeoutMs = 20_000;

/** Text of a server configuration with JetStream on loopback. */
export function natsConfiguration(
  options: { port: number; storeDir: string } & Pick<NatsServerOptions, 'maxPayloadBytes' | 'cluster' | 'password'>,
): string {
  const { cluster, password } = options;
  return [
    `listen: "127.0.0.1:${options.port}"`,
    `server_name: "${cluster?.serverName ?? 'sluice'}"`,
    `max_payload: ${options.maxPayloadBytes ?? 1_048_576}`,
    // Lame duck mode is for clusters; alone it only makes SIGTERM slower.
    `jetstream { store_dir: ${JSON.stringify(options.storeDir)} }`,
    ...(cluster === undefined ? [] : clusterConfiguration(cluster)),
    ...(password === undefined ? [] : [`authorization { user: "sluice", password: ${JSON.stringify(password)} }`]),
    '',
  ].join('\n');
}

function clusterConfiguration({ clusterPort, clusterPorts, monitorPort }: ClusterPlace): string[] {
  const routes = clusterPorts.map((port) => `"nats://127.0.0.1:${port}"`).join(', ');
  return [`http: "127.0.0.1:${monitorPort}"`, `cluster { name: "sluice", listen: "127.0.0.1:${clusterPort}", routes: [${routes}] }`];
}

/** Starts a real nats-server with JetStream on 127.0.0.1. It dies with this process. Rejects with the server's own last words. */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const port = options.port ?? (await findFreePort());
  // Another server's greeting would pass for ours while ours ends on the taken port.
  if ((await readGreeting(port)) !== undefined) throw new Error(`nats-server did not start: address already in use: 127.0.0.1:${port}`);
  const scratch = await mkdtemp(join(tmpdir(), 'sluice-nats-'));
  const storeDir = options.storeDir ?? join(scratch, 'store');
  const file = join(scratch, 'nats.conf');
  await writeFile(file, natsConfiguration({ ...options, port, storeDir }));
  const tied = tiedCommand(options.bin ?? 'nats-server', ['-c', file]);
  const child = spawn(tied.command, tied.args, { stdio: ['pipe', 'ignore', 'pipe'] });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-4_000);
  });
  try {
    await waitForNats(port, startTimeoutMs, () => (hasEnded(child) ? words || 'it ended at once' : undefined));
  } catch (error) {
    await endChild(child, 'SIGKILL');
    await rm(scratch, { recursive: true, force: true });
    throw new Error(`nats-server did not start on port ${port}: ${words}`, { cause: error });
  }
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    pid: pidOf(child),
    get words() {
      return words;
    },
    kill: (signal = 'SIGKILL') => endChild(child, signal),
    stop: async () => {
      await endChild(child, 'SIGTERM');
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

/**
 * Resolves when a NATS server answers on the port with JetStream on. `failed` may end the wait early by giving the reason.
 */
export async function waitForNats(port: number, timeoutMs: number, failed: () => string | undefined = () => undefined): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    if ((await readGreeting(port))?.includes('"jetstream":true') === true) return;
    const reason = failed();
    if (reason !== undefined) throw new Error(reason);
    if (Date.now() > deadline) throw new Error(`no NATS server with JetStream on port ${port} within ${timeoutMs} ms`);
    await delay(20);
  }
}

/** A NATS server speaks first: one INFO line. */
function readGreeting(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: 1_000 });
    const end = (greeting?: string) => {
      socket.destroy();
      resolve(greeting);
    };
    socket.once('data', (bytes) => {
      end(bytes.toString());
    });
    socket.once('error', () => {
      end();
    });
    socket.once('timeout', () => {
      end();
    });
    socket.once('close', () => {
      end();
    });
  });
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('the process did not start');
  return child.pid;
}
