/** The parts of V8's `.cpuprofile` that are read here. Times are µs of the monotonic clock that `process.hrtime` reads too. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly startTime: number;
  readonly samples: readonly number[];
  /** Time before each sample, since the one before it. */
  readonly timeDeltas: readonly number[];
}

export interface SelfTime {
  /** Path below the repository, or `node:` for Node's own; empty for the engine's work, such as garbage collection. */
  readonly file: string;
  /** With its line; empty where a whole file is meant. */
  readonly function: string;
  /** Of the time that was not idle, 0 to 1. */
  readonly share: number;
}

export interface SelfTimes {
  readonly functions: readonly SelfTime[];
  readonly files: readonly SelfTime[];
  /** Time that was not idle, µs. */
  readonly busyUs: number;
}

/** Self time of each function and each file between two points in time, the most first. Idle time counts for nothing. */
export function selfTimes(profiles: readonly CpuProfile[], fromUs: number, untilUs: number, root: string): SelfTimes {
  const functions = new Map<string, { file: string; function: string; us: number }>();
  const files = new Map<string, number>();
  let busyUs = 0;
  for (const profile of profiles) {
    for (const [id, us] of timeOfNodes(profile, fromUs, untilUs)) {
      const { functionName, url, lineNumber } = profile.nodes.find((node) => node.id === id)?.callFrame ?? unknownFrame;
      if (functionName === '(idle)') continue;
      const file = shortName(url, root);
      const name = url === '' ? functionName || '(anonymous)' : `${functionName || '(anonymous)'}:${lineNumber + 1}`;
      const entry = functions.get(`${file} ${name}`) ?? { file, function: name, us: 0 };
      entry.us += us;
      functions.set(`${file} ${name}`, entry);
      files.set(file, (files.get(file) ?? 0) + us);
      busyUs += us;
    }
  }
  const share = (us: number) => (busyUs === 0 ? 0 : us / busyUs);
  const byShare = (a: SelfTime, b: SelfTime) => b.share - a.share;
  return {
    functions: [...functions.values()].map(({ file, function: name, us }) => ({ file, function: name, share: share(us) })).sort(byShare),
    files: [...files].map(([file, us]) => ({ file, function: '', share: share(us) })).sort(byShare),
    busyUs,
  };
}

const unknownFrame = { functionName: '(unknown)', url: '', lineNumber: 0 };

function timeOfNodes({ samples, timeDeltas, startTime }: CpuProfile, fromUs: number, untilUs: number): Map<number, number> {
  const found = new Map<number, number>();
  let now = startTime;
  samples.forEach((id, index) => {
    now += timeDeltas[index] ?? 0;
    // A sample stands for the time until the next one.
    const us = timeDeltas[index + 1] ?? 0;
    if (now >= fromUs && now < untilUs) found.set(id, (found.get(id) ?? 0) + us);
  });
  return found;
}

function shortName(url: string, root: string): string {
  const path = url.replace(/^file:\/\//, '');
  return path.startsWith(root) ? path.slice(root.length).replace(/^\//, '') : path;
}
