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
  /** Ends one with SIGKILL; its store stays. */
  kill(place: number): Promise<void>;
  /** Starts one that was killed, and waits until the cluster has it again. */
  start(place: number): Promise<void>;
  /** Ends all and removes their stores. */
  stop(): Promise<void>;
}

/** How long servers may take to find each other and to elect a leader; 3 to 6 s are usual. */
const electionTimeoutMs = 45_000;

/** Starts of the whole: each needs three ports a server that nobody takes meanwhile. */
const startLimit = 3;

/** Starts a cluster on 127.0.0.1 and waits until JetStream has a leader that hears all servers. They die with this process. */
export async function startNatsCluster(options: NatsClusterOptions = {}): Promise<NatsCluster> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryStart(options);
    } catch (error) {
      if (attempt === startLimit) throw error;
    }
  }
}

async function tryStart({ size = 3, bin }: NatsClusterOptions): Promise<NatsCluster> {
  const scratch = await mkdtemp(join(tmpdir(), 'sluice-cluster-'));
  const ports = await findFreePorts(size * 3);
  const places = Array.from({ length: size }, (_, place) => {
    const [port = 0, clusterPort = 0, monitorPort = 0] = ports.slice(place * 3, place * 3 + 3);
    return { place, port, clusterPort, monitorPort };
  });
  const clusterPorts = places.map(({ clusterPort }) => clusterPort);
  const servers: (NatsServer | undefined)[] = [];
  const start = async (place: number): Promise<void> => {
    const found = places[place];
    if (found === undefined) throw new Error(`the cluster has no server ${place}`);
    const { port, clusterPort, monitorPort } = found;
    const cluster = { serverName: `sluice-${place}`, clusterPort, clusterPorts, monitorPort };
    servers[place] = await startNatsServer({
      port,
      storeDir: join(scratch, `store-${place}`),
      ...(bin === undefined ? {} : { bin }),
      cluster,
    });
  };
  const settled = (): Promise<void> =>
    waitForCluster(
      places.filter(({ place }) => servers[place] !== undefined).map(({ monitorPort }) => monitorPort),
      electionTimeoutMs,
    );
  const stop = async (): Promise<void> => {
    for (const server of servers) await server?.stop();
    await rm(scratch, { recursive: true, force: true });
  };
  try {
    const starts = await Promise.allSettled(places.map(({ place }) => start(place)));
    for (const outcome of starts) if (outcome.status === 'rejected') throw outcome.reason;
    await settled();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    urls: places.map(({ port }) => `nats://127.0.0.1:${port}`).join(','),
    kill: async (place) => {
      await servers[place]?.kill();
      servers[place] = undefined;
    },
    start: async (place) => {
      await start(place);
      await settled();
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
