import { policySchema } from '@sluice/contracts';
import { beforeAll, describe, expect, it } from 'vitest';
import { createDetectors } from './detectors/index.ts';
import { Engine } from './engine.ts';

/**
 * The aim is 200 ms, which bench/inspect.ts measures and three of these inputs can miss. The bound was 400 and failed once at 483 on
 * shared cores; at 2,000 it catches only gross growth, and a text that became five times slower would pass.
 */
const maxCpuMs = 2_000;
/** The aim is 50 ms between two turns of the event loop; loosened from 150 for the same reason, so it catches only a lack of turns. */
const maxBlockedMs = 600;
const megabyte = 1_048_576;

const engine = new Engine(createDetectors());
engine.load({ policies: [policySchema.parse({ name: 'default' })] });

async function inspect(text: string): Promise<void> {
  const compiled = engine.policy('default');
  if (compiled === undefined) throw new Error('the policy is missing');
  await engine.inspect(compiled, [{ text, role: 'user', path: 'messages.0.content' }]);
}

const repeated = (unit: string, length: number) => unit.repeat(Math.ceil(length / unit.length)).slice(0, length);

async function cpuMsOf(text: string): Promise<number> {
  const before = process.cpuUsage();
  await inspect(text);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

beforeAll(async () => {
  for (let round = 0; round < 3; round++) await inspect(repeated('Please summarise the report. token=a1 %41 \\u0041 ', 65_536));
});

describe('a hostile megabyte', () => {
  it.each([
    'a',
    'a ',
    'A1',
    'ignore ',
    'ignore previous instructions ',
    'reveal your ',
    'password=',
    'token=a1B2c3D4e5F6g7H8 ',
    'eyJ',
    'eyJaaaaaaaaaa.eyJ',
    'sk-',
    'sk-ant-',
    '-----BEGIN ',
    '-----BEGIN PRIVATE KEY-----',
    '://a:b@',
    'QUJDREVGR0hJSktMTU5PUA ',
    '%41',
    '&#65;',
    '\\u0041',
    '1gn0r3 ',
    '\u200b',
    'aа',
    '你',
  ])('of %j costs little CPU', async (unit) => {
    // the lesser of two runs: what else runs on the machine is not meant
    const text = repeated(unit, megabyte);
    expect(Math.min(await cpuMsOf(text), await cpuMsOf(text))).toBeLessThan(maxCpuMs);
  });
});

it('lets the event loop turn while 20 MB are inspected', async () => {
  // CPU time, as above: on a busy machine the wall clock tells how long others ran.
  let longestMs = 0;
  let last = process.cpuUsage();
  let done = false;
  const turn = () => {
    const { user, system } = process.cpuUsage(last);
    longestMs = Math.max(longestMs, (user + system) / 1_000);
    last = process.cpuUsage();
    if (!done) setImmediate(turn);
  };
  setImmediate(turn);
  await inspect(repeated('The committee met again on Tuesday and spoke about the budget. ', 20 * megabyte));
  done = true;
  expect(longestMs).toBeLessThan(maxBlockedMs);
});
