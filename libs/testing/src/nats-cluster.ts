import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findFreePorts } from './free-port.ts';
import { startNatsServer, type NatsServer } from './nats-server.ts';

export interface NatsClusterOptions {
  /** Servers; JetStream wants an odd number. Default 3. */
  readonly size?: number;
  /** The binary; absent: `nats-server` from PATH. */
  readonly bin?: string;
}

/** Real servers with JetStream that know each other. */
export interface NatsCluster {
  /** Addresses of all, comma-separated, in the order of their places. */
  readonly urls: string;
  /** Address of one. */
  url(place: number): string;
  /** Ends one with SIGKILL; its store stays. */
  kill(place: number): Promise<void>;
  /** Starts one that was killed, and waits until the cluster has it again. */
  start(place: number): Promise<void>;
  /** Ends all and removes their stores. */
  stop(): Promise<void>;
}

/** How long servers may take to find each other and to elect a leader; 3 to 6 s are usual. */
const electionTimeoutMs = 45_000;

/** Starts a cluster on 127.0.0.1 and waits until JetStream has a leader that hears all servers. They die with this process. */
export async function startNatsCluster(options: NatsClusterOptions = {}): Promise<NatsCluster> {
  const size = options.size ?? 3;
  const scratch = await mkdtemp(join(tmpdir(), 'sluice-cluster-'));
  const ports = await findFreePorts(size * 3);
  const clientPorts = ports.slice(0, size);
  const clusterPorts = ports.slice(size, size * 2);
  const monitorPorts = ports.slice(size * 2);
  const servers: (NatsServer | undefined)[] = [];
  const start = async (place: number): Promise<void> => {
    const [port, clusterPort, monitorPort] = [clientPorts[place], clusterPorts[place], monitorPorts[place]];
    if (port === undefined || clusterPort === undefined || monitorPort === undefined) throw new Error(`the cluster has no server ${place}`);
    servers[place] = await startNatsServer({
      port,
      storeDir: join(scratch, `store-${place}`),
      ...(options.bin === undefined ? {} : { bin: options.bin }),
      cluster: { serverName: `sluice-${place}`, clusterPort, clusterPorts, monitorPort },
    });
  };
  const stop = async (): Promise<void> => {
    for (const server of servers) await server?.stop();
    await rm(scratch, { recursive: true, force: true });
  };
  const living = (): number[] => monitorPorts.filter((_, place) => servers[place] !== undefined);
  try {
    await Promise.all(clientPorts.map((_, place) => start(place)));
    await waitForCluster(living(), electionTimeoutMs);
  } catch (error) {
    await stop();
    throw error;
  }
  const url = (place: number): string => `nats://127.0.0.1:${clientPorts[place] ?? 0}`;
  return {
    urls: clientPorts.map((_, place) => url(place)).join(','),
    url,
    kill: async (place) => {
      await servers[place]?.kill();
      servers[place] = undefined;
    },
    start: async (place) => {
      await start(place);
      await waitForCluster(living(), electionTimeoutMs);
    },
    stop,
  };
}

/** Waits until one server leads JetStream and hears of all those of the ports. */
async function waitForCluster(monitorPorts: readonly number[], timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const views = await Promise.all(monitorPorts.map(readMeta));
    if (views.every(({ leader }) => leader !== undefined) && views.some(({ followers }) => followers === monitorPorts.length - 1)) return;
    if (Date.now() > deadline) throw new Error(`JetStream has no leader after ${timeoutMs} ms: ${JSON.stringify(views)}`);
    await delay(50);
  }
}

/** What a server tells of JetStream's leader; of the followers only the leader knows. */
async function readMeta(monitorPort: number): Promise<{ leader: string | undefined; followers: number }> {
  try {
    const response = await fetch(`http://127.0.0.1:${monitorPort}/jsz`);
    const { meta_cluster: meta } = (await response.json()) as {
      meta_cluster?: { leader?: string; replicas?: { current: boolean; offline?: boolean }[] };
    }; // nats-server's monitoring API
    return { leader: meta?.leader, followers: (meta?.replicas ?? []).filter(({ current, offline }) => current && offline !== true).length };
  } catch {
    return { leader: undefined, followers: 0 };
  }
}
