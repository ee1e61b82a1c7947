import { afterAll, beforeAll, expect, it } from 'vitest';
import { type GatewayUnderFaults, startGatewayUnderFaults } from './gateway-under-faults.ts';
import { runDyingTargets } from './run-dying-targets.ts';
import { runMatrix } from './run-matrix.ts';

let gateway: GatewayUnderFaults;
beforeAll(async () => {
  gateway = await startGatewayUnderFaults();
}, 120_000);
afterAll(() => gateway.stop());

it('gives a right answer or one right error for every fault, dialect and format, plain and streamed', async () => {
  const cells = await runMatrix(gateway);
  expect(cells.length).toBeGreaterThan(300);
  expect(cells.filter((cell) => cell.wrong !== undefined)).toEqual([]);
}, 240_000);

it('answers while each of three targets dies and returns', async () => {
  const { ok, requests, wrong } = await runDyingTargets(gateway, 300, true);
  expect({ ok, wrong }).toEqual({ ok: requests, wrong: [] });
}, 120_000);
