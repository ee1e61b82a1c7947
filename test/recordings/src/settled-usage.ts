import type { TokenUsage } from '@sluice/contracts';
import type { CellResult } from './cells.ts';
import { saidIn } from './expectation.ts';

/** A result with what is wrong about the usage that was settled for it, whatever the client was told. */
export function withSettledUsage(result: CellResult, settled: TokenUsage | undefined): CellResult {
  const { recording } = result;
  const said = saidIn(recording);
  const expected = said?.usage;
  // What ended in an error has an estimate or nothing.
  if (expected === undefined || said?.error !== undefined || said?.spliced === true || recording.malformed) return result;
  const faults = (['input', 'output', 'cached', 'reasoning'] as const).flatMap((name) => {
    const wanted = expected[name];
    const whole = name === 'input' || name === 'output' ? expected.withSteps?.[name] : undefined;
    const got = settled?.[name] ?? 0;
    return wanted === undefined || got === wanted || got === whole ? [] : [`settled ${name} ${got}, not ${wanted}`];
  });
  if (settled?.estimated === true) faults.push('settled by estimate');
  return faults.length === 0 ? result : { ...result, faults: [...result.faults, ...faults] };
}
