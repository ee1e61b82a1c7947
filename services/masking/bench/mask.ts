/** What masking costs a request, in one process: `npm run bench`. Figures are CPU time, medians of rounds after a warm-up. */
import { compilePlan } from '../src/plan.ts';
import { maskText } from '../src/mask-text.ts';
import { storeWith, stageUnderTest } from '../src/testing-stage.ts';

const rounds = 9;
const repetitions = 4_000;

const words =
  'Please summarise the attached quarterly report for our customers and list three risks in plain language, then compare them with 2024. ';
const plain = words.repeat(8).slice(0, 1024);
const twoEntities = `${plain.slice(0, 900)} Write to jane.doe@example.com or call +1 212 555 0187 about it.`;

function report(name: string, microseconds: readonly number[]): void {
  const sorted = [...microseconds].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  console.log(`${name.padEnd(52)} ${median.toFixed(1).padStart(9)} µs`);
}

async function measure(name: string, run: () => Promise<unknown>, count = repetitions): Promise<void> {
  for (let index = 0; index < count; index++) await run();
  const figures: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage();
    for (let index = 0; index < count; index++) await run();
    const { user, system } = process.cpuUsage(before);
    figures.push((user + system) / count);
  }
  report(name, figures);
}

const plan = compilePlan(storeWith().current.policies[0]?.masking ?? { entities: {}, minScore: 0.5 });
await measure('text, 1 KB, nothing in it', () => maskText(plain, plan));
await measure('text, 1 KB, two entities', () => maskText(twoEntities, plan));

const stage = stageUnderTest();
const body = (content: string): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ model: 'sim', messages: [{ role: 'user', content }] }));
const plainBody = body(plain);
const maskedBody = body(twoEntities);
const longBody = body(`${words.repeat(8_000)} jane.doe@example.com`);
await measure('stage, 1 KB prompt, nothing in it (parse included)', () => stage.run(plainBody));
await measure('stage, 1 KB prompt, two entities (parse, print)', () => stage.run(maskedBody));
await measure('stage, 1 MB prompt, one entity', () => stage.run(longBody), 5);
