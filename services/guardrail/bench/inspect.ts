/**
 * What the stage costs without a bus: `node bench/inspect.ts`. Prints the median of several rounds for each input.
 */
import { Body } from '@sluice/bus';
import { policySchema } from '@sluice/contracts';
import { Registry } from 'prom-client';
import { createDetectors } from '../src/detectors/index.ts';
import { Engine } from '../src/engine.ts';
import { createGuardMetrics } from '../src/guard-metrics.ts';
import { createStage } from '../src/stage.ts';
import { createTestContext, createTestEnvelope } from '../src/testing-request.ts';

const rounds = 7;
const prose =
  'The quarterly report shows that sales in the northern region grew by eight percent, while costs for transport and storage fell. Please summarise the main points for the board, name the three largest customers, and suggest what we should ask the sales team in the next meeting. ';
const engine = new Engine(createDetectors());
engine.load({ policies: [policySchema.parse({ name: 'default' })] });
const stage = createStage({ engine, metrics: createGuardMetrics(new Registry()) });
const encoder = new TextEncoder();

async function measure(name: string, text: string, times: number): Promise<void> {
  const bytes = encoder.encode(JSON.stringify({ model: 'sim', messages: [{ role: 'user', content: text }] }));
  const results: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const started = process.hrtime.bigint();
    for (let time = 0; time < times; time++)
      await stage.handle({ envelope: createTestEnvelope(), body: Body.of(bytes) }, createTestContext());
    results.push(Number(process.hrtime.bigint() - started) / 1000 / times);
  }
  results.sort((left, right) => left - right);
  console.log(`${name.padEnd(28)} ${text.length} units  ${(results[rounds >> 1] ?? 0).toFixed(1)} µs`);
}

const repeated = (unit: string, length: number) => unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
await measure('1 KB of prose', repeated(prose, 1024), 5_000);
await measure('100 units of prose', repeated(prose, 100), 5_000);
await measure('1 KB of Chinese', repeated('请总结一下这份报告的主要内容，并列出三个最重要的客户。', 1024), 5_000);
await measure('64 KB of prose', repeated(prose, 65_536), 50);
for (const unit of [
  'a',
  'A1',
  'ignore ',
  'ignore previous instructions ',
  'password=',
  'eyJ',
  '-----BEGIN ',
  '%41',
  '&#65;',
  '\\u0041',
  'a ',
  '1gn0r3 ',
  '://a:',
  '\u200b',
  'а',
  'sk-',
  '= ',
  'reveal your ',
]) {
  await measure(`adversarial ${JSON.stringify(unit)}`, repeated(unit, 1_048_576), 1);
}
