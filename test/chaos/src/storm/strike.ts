import { setTimeout as delay } from 'node:timers/promises';
import type { SeededRandom } from './seeded-random.ts';
import type { StormCluster, StormProcess } from './storm-cluster.ts';
import { nextFault, type StormFault, type Targets } from './storm-faults.ts';

/** A fault as it happened. */
export interface Struck {
  /** ms since the storm began. */
  readonly atMs: number;
  /** Epoch ms. */
  readonly at: number;
  readonly fault: StormFault;
}

/** Faults that last at the same time; a further one waits. */
const maxUnderWay = 3;

/** Strikes until the signal, then ends what lasts. */
export async function strike(
  cluster: StormCluster,
  random: SeededRandom,
  longestMs: number,
  signal: AbortSignal,
  told: (struck: Struck) => void,
): Promise<void> {
  const startedAt = Date.now();
  const targets = targetsOf(cluster);
  const underWay = new Set<Promise<void>>();
  /** Who is struck by something that lasts: the service, or the server. */
  const struck = new Set<string>();
  const isOver = () => signal.aborted; // it changes while the loop waits
  while (!isOver()) {
    const { fault, pauseMs } = nextFault(random, targets, longestMs);
    while (underWay.size >= maxUnderWay) await Promise.race(underWay);
    if (isOver()) break;
    const victim = victimOf(fault);
    if (victim !== undefined && struck.has(victim)) continue;
    told({ atMs: Date.now() - startedAt, at: Date.now(), fault });
    const lasting: Promise<void> = apply(cluster, fault, signal).finally(() => {
      underWay.delete(lasting);
      if (victim !== undefined) struck.delete(victim);
    });
    underWay.add(lasting);
    if (victim !== undefined) struck.add(victim);
    await pause(pauseMs, signal);
  }
  await Promise.all(underWay);
}

/** One replica of a service at a time is paused or cut off, or most requests would meet nobody; killed are they as it comes. */
function victimOf(fault: StormFault): string | undefined {
  if (fault.kind === 'kill postgres') return fault.kind;
  return fault.kind === 'pause' || fault.kind === 'partition' ? fault.instance.replace(/-\d+$/, '') : undefined;
}

function targetsOf({ processes }: StormCluster): Targets {
  // Control is on nobody's way while keys are remembered, and has drills of its own.
  const struck = processes.filter(({ instance }) => instance !== 'control');
  const names = (list: readonly StormProcess[]): [string, ...string[]] => {
    const [first, ...others] = list.map(({ instance }) => instance);
    if (first === undefined) throw new Error('nobody to strike');
    return [first, ...others];
  };
  return { instances: names(struck), databaseUsers: names(struck.filter(({ postgres }) => postgres !== undefined)) };
}

async function apply(cluster: StormCluster, fault: StormFault, signal: AbortSignal): Promise<void> {
  switch (fault.kind) {
    case 'kill nats':
      send(cluster.natsPid(), 'SIGKILL');
      return;
    case 'kill postgres':
      await cluster.postgres.kill();
      await pause(fault.forMs, signal);
      await cluster.postgres.restart();
      return;
    case 'kill':
      send(find(cluster, fault.instance).pid(), 'SIGKILL');
      return;
    case 'pause': {
      const pid = find(cluster, fault.instance).pid();
      send(pid, 'SIGSTOP');
      await pause(fault.forMs, signal);
      send(pid, 'SIGCONT');
      return;
    }
    case 'partition': {
      const link = find(cluster, fault.instance)[fault.from];
      link?.cut(fault.partition);
      await pause(fault.forMs, signal);
      link?.heal();
      return;
    }
    case 'reset':
      find(cluster, fault.instance)[fault.from]?.reset();
  }
}

function find({ processes }: StormCluster, instance: string): StormProcess {
  const found = processes.find((process) => process.instance === instance);
  if (found === undefined) throw new Error(`no process ${instance}`);
  return found;
}

/** One that died meanwhile needs no signal. */
function send(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
