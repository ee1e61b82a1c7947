import type { Closable } from '@sluice/bus';
import { findFreePort } from '@sluice/testing';
import { Gauge, Registry } from 'prom-client';
import { afterEach, expect, it } from 'vitest';
import { startHealthServer } from './health-server.ts';

const open: Closable[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function start(problems: Record<string, string>, metrics = new Registry()): Promise<string> {
  const port = await findFreePort();
  open.push(await startHealthServer('127.0.0.1', port, { problems: () => problems }, metrics));
  return `http://127.0.0.1:${port}`;
}

it('is alive whatever else is wrong', async () => {
  const url = await start({ nats: 'out of reach' });
  const response = await fetch(`${url}/healthz`);
  expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
});

it('is ready without problems', async () => {
  const response = await fetch(`${await start({})}/readyz`);
  expect([response.status, await response.json()]).toEqual([200, { status: 'ready', problems: {} }]);
});

it('names what keeps it from being ready', async () => {
  const response = await fetch(`${await start({ nats: 'out of reach' })}/readyz`);
  expect([response.status, await response.json()]).toEqual([503, { status: 'not ready', problems: { nats: 'out of reach' } }]);
});

it('prints its metrics', async () => {
  const metrics = new Registry();
  new Gauge({ name: 'specs_running', help: 'x', registers: [metrics] }).set(3);
  expect(await (await fetch(`${await start({}, metrics)}/metrics`)).text()).toContain('specs_running 3');
});

it('survives a metric that cannot be read', async () => {
  const metrics = new Registry();
  const collect = () => {
    throw new Error('no');
  };
  new Gauge({ name: 'specs_broken', help: 'x', registers: [metrics], collect });
  const url = await start({}, metrics);
  expect((await fetch(`${url}/metrics`)).status).toBe(500);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});

it('answers 404 elsewhere', async () => {
  expect((await fetch(`${await start({})}/other`)).status).toBe(404);
});

it('refuses to start on a taken port', async () => {
  const url = await start({});
  await expect(startHealthServer('127.0.0.1', Number(new URL(url).port), { problems: () => ({}) }, new Registry())).rejects.toThrow(
    'EADDRINUSE',
  );
});
