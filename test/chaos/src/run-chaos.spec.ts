import { expect, it } from 'vitest';
import { resultTable } from './result-table.ts';
import { runChaos } from './run-chaos.ts';

it('loses, doubles and mixes up nothing when the edge, the router, the bus or the database is killed', async () => {
  const results = await runChaos({ targets: ['router', 'nats', 'postgres', 'ingress'], requests: 120 });
  expect(results.map((result) => result.target)).toEqual(['router', 'nats', 'postgres', 'ingress']);
  for (const result of results) {
    expect(result, resultTable(results)).toMatchObject({ wrong: 0, duplicates: 0, lost: 0 });
    expect(result.ok).toBeGreaterThan(80);
    expect(result.providerCalls).toBeGreaterThanOrEqual(result.ok);
  }
  // Only the edge itself may cost its clients an answer.
  expect(results[0]?.errors, resultTable(results)).toEqual(new Map());
  expect(results[2]?.errors, resultTable(results)).toEqual(new Map());
}, 240_000);
