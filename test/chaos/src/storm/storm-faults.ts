import type { Partition } from '@sluice/testing';
import type { SeededRandom } from './seeded-random.ts';

/** One blow: what, whom, and for how long where it lasts. */
export type StormFault =
  | { readonly kind: 'kill'; readonly instance: string }
  | { readonly kind: 'pause'; readonly instance: string; readonly forMs: number }
  | {
      readonly kind: 'partition';
      readonly instance: string;
      readonly from: 'nats' | 'postgres';
      readonly partition: Partition;
      readonly forMs: number;
    }
  | { readonly kind: 'reset'; readonly instance: string; readonly from: 'nats' | 'postgres' }
  | { readonly kind: 'kill nats' }
  | { readonly kind: 'kill postgres'; readonly forMs: number };

/** A blow, and the pause after it. */
export interface PlannedFault {
  readonly fault: StormFault;
  readonly pauseMs: number;
}

/** Who is struck, a name as often as it is to be chosen. */
export interface Targets {
  readonly instances: readonly [string, ...string[]];
  /** Those of them that use the database. */
  readonly databaseUsers: readonly [string, ...string[]];
}

const kinds = [
  ...repeat('kill', 6),
  ...repeat('pause', 3),
  ...repeat('partition', 6),
  ...repeat('reset', 2),
  ...repeat('kill nats', 2),
  ...repeat('kill postgres', 2),
] as const;
const pauseMs = [1_000, 8_000] as const;
const shortestPartitionMs = 1_000;
const awayMs = [200, 3_000] as const;
const betweenMs = [300, 3_500] as const;

/** The next fault, paused or cut off for `longestMs` at most: which follows from the random numbers alone, so a seed gives the same storm again. */
export function nextFault(random: SeededRandom, targets: Targets, longestMs: number): PlannedFault {
  const [first = 'kill', ...others] = kinds;
  const kind = random.pick([first, ...others]);
  return { fault: faultOf(kind, random, targets, longestMs), pauseMs: random.between(...betweenMs) };
}

function faultOf(kind: (typeof kinds)[number], random: SeededRandom, { instances, databaseUsers }: Targets, longestMs: number): StormFault {
  switch (kind) {
    case 'kill':
      return { kind, instance: random.pick(instances) };
    case 'pause':
      return { kind, instance: random.pick(instances), forMs: Math.min(longestMs, random.between(...pauseMs)) };
    case 'partition': {
      const from = random.pick(['nats', 'nats', 'postgres'] as const);
      const instance = random.pick(from === 'nats' ? instances : databaseUsers);
      const partition = random.pick<Partition>(['both', 'both', 'to-server', 'to-client']);
      // Short ones more often than long ones.
      const forMs = Math.round(shortestPartitionMs + (longestMs - shortestPartitionMs) * random.next() ** 2);
      return { kind, instance, from, partition, forMs };
    }
    case 'reset': {
      const from = random.pick(['nats', 'postgres'] as const);
      return { kind, instance: random.pick(from === 'nats' ? instances : databaseUsers), from };
    }
    case 'kill nats':
      return { kind };
    case 'kill postgres':
      return { kind, forMs: random.between(...awayMs) };
  }
}

function repeat<const Kind extends StormFault['kind']>(kind: Kind, times: number): Kind[] {
  return Array.from({ length: times }, () => kind);
}
