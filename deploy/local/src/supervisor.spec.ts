import { afterEach, expect, it, vi } from 'vitest';
import { LogPrinter } from './log-printer.ts';
import type { ProcessDefinition } from './managed-process.ts';
import { Supervisor } from './supervisor.ts';

const quick = { firstDelayMs: 20, maxDelayMs: 80, healthyMs: 60_000 };
let lines: string[] = [];
let gaveUp: string[] = [];
let supervisor: Supervisor | undefined;

function supervise(...definitions: ProcessDefinition[]): Supervisor {
  lines = [];
  gaveUp = [];
  supervisor = new Supervisor({
    definitions,
    log: new LogPrinter((text) => lines.push(text), false),
    changed: () => undefined,
    gaveUp: (instance) => gaveUp.push(instance),
    restartPolicy: quick,
  });
  return supervisor;
}

function script(instance: string, code: string, more: Partial<ProcessDefinition> = {}): ProcessDefinition {
  return {
    name: instance,
    instance,
    command: process.execPath,
    args: ['-e', code],
    tie: 'ipc',
    env: process.env,
    ports: {},
    after: [],
    layer: 0,
    stopBudgetMs: 300,
    ...more,
  };
}

const idle = 'console.log("up"); setInterval(() => undefined, 1000); process.on("disconnect", () => process.exit())';
const pidOf = (instance: string) => supervisor?.running().find((found) => found.instance === instance)?.pid;

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

afterEach(() => supervisor?.stop());

it('starts a process again after SIGKILL, with the same definition', async () => {
  await supervise(script('worker', idle)).start();
  const first = pidOf('worker') ?? 0;
  process.kill(first, 'SIGKILL');
  await vi.waitFor(() => {
    expect(pidOf('worker') ?? first).not.toBe(first);
  }, 5_000);
  expect(lines.join('')).toContain('worker ended: SIGKILL; again in 20 ms');
});

it('waits longer before each further try, up to the limit', async () => {
  await supervise(script('crasher', 'process.exit(3)')).start();
  await vi.waitFor(() => {
    expect(lines.filter((line) => line.includes('again in 80 ms')).length).toBeGreaterThan(1);
  }, 10_000);
  const waits = lines.flatMap((line) => /again in (\d+) ms/.exec(line)?.[1] ?? []);
  expect(waits.slice(0, 4)).toEqual(['20', '40', '80', '80']);
});

it('does not start a process again whose settings are wrong', async () => {
  await supervise(script('wrong', 'process.exit(78)')).start();
  await vi.waitFor(() => {
    expect(gaveUp).toEqual(['wrong']);
  }, 5_000);
  expect(supervisor?.running()).toEqual([]);
});

it('starts a process only when what it needs is ready', async () => {
  const { promise: gate, resolve: release } = Promise.withResolvers<undefined>();
  const started = supervise(script('server', idle, { ready: () => gate }), script('client', idle, { after: ['server'] })).start();
  await vi.waitFor(() => {
    expect(lines.join('')).toContain('server      up');
  }, 5_000);
  expect(pidOf('client')).toBeUndefined();
  release(undefined);
  await started;
  expect(pidOf('client')).toBeGreaterThan(0);
});

it('fails to start when a process ends before it is ready', async () => {
  const never = new Promise<void>(() => undefined);
  await expect(supervise(script('server', 'process.exit(2)', { ready: () => never })).start()).rejects.toThrow('server ended with code 2');
});

it('stops the higher layer before the lower', async () => {
  const told = (name: string) =>
    `process.on("SIGTERM", () => { console.log("${name} stops"); process.exit() }); setInterval(() => undefined, 1000); console.log("up")`;
  // Time enough for a busy machine: one that is killed says nothing.
  const patient = { stopBudgetMs: 10_000 };
  await supervise(script('low', told('low'), patient), script('high', told('high'), { ...patient, layer: 1 })).start();
  await vi.waitFor(() => {
    expect(lines.filter((line) => line.includes('up'))).toHaveLength(2);
  }, 5_000);
  await supervisor?.stop();
  await vi.waitFor(() => {
    expect(lines.flatMap((line) => /(\w+) stops/.exec(line)?.[1] ?? [])).toEqual(['high', 'low']);
  }, 5_000);
});

it('kills a process that does not stop within its budget', async () => {
  await supervise(script('deaf', `process.on("SIGTERM", () => undefined); ${idle}`)).start();
  await vi.waitFor(() => {
    expect(lines.join('')).toContain('up');
  }, 5_000);
  const pid = pidOf('deaf') ?? 0;
  await supervisor?.stop();
  expect(isAlive(pid)).toBe(false);
});
