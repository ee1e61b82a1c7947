/** Longest time spent on one figure, so that a run stays short on a busy machine. */
const roundMs = 150;
const rounds = 7;

/** Median over rounds of the microseconds that one call takes, printed as a line of the report. */
export function measure(name: string, call: () => unknown): void {
  let kept: unknown;
  const run = (milliseconds: number): number => {
    const startedAt = performance.now();
    let calls = 0;
    do {
      for (let repeat = 0; repeat < 8; repeat++) kept = call();
      calls += 8;
    } while (performance.now() - startedAt < milliseconds);
    return ((performance.now() - startedAt) * 1_000) / calls;
  };
  run(roundMs);
  const figures = Array.from({ length: rounds }, () => run(roundMs)).sort((left, right) => left - right);
  const median = figures[Math.floor(rounds / 2)] ?? Number.NaN;
  console.log(`${name.padEnd(58)} ${median.toFixed(2).padStart(12)} µs${kept === undefined ? ' ' : ''}`);
}
