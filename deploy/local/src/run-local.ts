import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LogPrinter } from './log-printer.ts';
import { planProcesses } from './plan.ts';
import { RunFile, type RunningProcess } from './run-file.ts';
import { keptSecret, newAdminToken, newBootstrapKey } from './secrets.ts';
import { readSettings, type LocalSettings } from './settings.ts';
import { Supervisor } from './supervisor.ts';
import { knowsKey, welcome } from './welcome.ts';

/** The repository's folder. */
const root = join(import.meta.dirname, '..', '..', '..');
const readyTimeoutMs = 90_000;

/** What a start gives once it is ready. */
export interface Running {
  readonly url: string;
  readonly controlUrl: string;
  readonly key: string;
  readonly adminToken: string;
}

export interface LocalRun {
  /** Resolves when ingress is ready; rejects when that cannot happen any more. */
  readonly ready: Promise<Running>;
  /** Ends everything in order; leaves the data. */
  stop(): Promise<void>;
  /** Ends everything at once. */
  kill(): void;
}

/** Starts every process of Sluice under this one. @throws Error that names what to change, before anything was started */
export async function runLocal(environment: NodeJS.ProcessEnv, write: (text: string) => void, coloured: boolean): Promise<LocalRun> {
  const startedAt = Date.now();
  const settings = readSettings(environment);
  const dataDir = resolve(root, settings.SLUICE_DATA_DIR);
  mkdirSync(dataDir, { recursive: true });
  const runFile = RunFile.claim(dataDir);
  const log = new LogPrinter(write, coloured);
  try {
    await requireFree('SLUICE_PORT', settings.SLUICE_PORT);
    await requireFree('SLUICE_CONTROL_PORT', settings.SLUICE_CONTROL_PORT);
    const running: Running = {
      url: `http://127.0.0.1:${settings.SLUICE_PORT}`,
      controlUrl: `http://127.0.0.1:${settings.SLUICE_CONTROL_PORT}`,
      key: await keptSecret(dataDir, 'bootstrap-key', settings.SLUICE_BOOTSTRAP_KEY, newBootstrapKey),
      adminToken: await keptSecret(dataDir, 'admin-token', settings.SLUICE_ADMIN_TOKEN, newAdminToken),
    };
    const supervisor = await startSupervisor(settings, dataDir, environment, running, log, runFile);
    const ready = supervisor.ready.then(async () => {
      log.line('sluice', `ready in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
      write(welcome(running, dataDir, await knowsKey(running).catch(() => false)));
      return running;
    });
    return {
      ready,
      stop: async () => {
        log.line('sluice', 'stopping');
        await supervisor.stop();
        runFile.release();
      },
      kill: () => {
        supervisor.kill();
        runFile.release();
      },
    };
  } catch (error) {
    runFile.release();
    throw error;
  }
}

async function startSupervisor(
  settings: LocalSettings,
  dataDir: string,
  environment: NodeJS.ProcessEnv,
  running: Running,
  log: LogPrinter,
  runFile: RunFile,
): Promise<{ ready: Promise<void>; stop: () => Promise<void>; kill: () => void }> {
  const definitions = await planProcesses({
    settings,
    dataDir,
    servicesDir: settings.SLUICE_SERVICES_DIR ?? join(root, 'services'),
    environment,
    bootstrapKey: running.key,
    adminToken: running.adminToken,
  });
  const abort = new AbortController();
  let isReady = false;
  const changed = (processes: RunningProcess[]) => {
    runFile.write({ supervisor: process.pid, url: running.url, controlUrl: running.controlUrl, ready: isReady, processes });
  };
  const gaveUp = (instance: string) => {
    abort.abort(new Error(`${instance} cannot run; its lines above say why`));
  };
  const supervisor = new Supervisor({ definitions, log, changed, gaveUp });
  log.line('sluice', `starting ${definitions.map((definition) => definition.instance).join(', ')}`);
  const ready = supervisor.start().then(async () => {
    if (definitions.some((definition) => definition.name === 'ingress')) await waitUntilReady(`${running.url}/readyz`, abort.signal, log);
    isReady = true;
    changed(supervisor.running());
  });
  const stop = () => {
    abort.abort(new Error('stopped before it was ready'));
    return supervisor.stop();
  };
  return {
    ready,
    stop,
    kill: () => {
      supervisor.kill();
    },
  };
}

/** Polls until the address answers 200, and says every five seconds what is missing. */
async function waitUntilReady(url: string, signal: AbortSignal, log: LogPrinter): Promise<void> {
  const startedAt = Date.now();
  let lastWord = startedAt;
  for (;;) {
    signal.throwIfAborted();
    const answer = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(2_000)]) }).catch(() => undefined);
    if (answer?.status === 200) return;
    const reason = answer === undefined ? 'ingress does not answer yet' : (await answer.text()).slice(0, 500);
    const now = Date.now();
    if (now - startedAt > readyTimeoutMs) throw new Error(`not ready within ${readyTimeoutMs / 1000} s: ${reason}`);
    if (now - lastWord > 5_000) {
      lastWord = now;
      log.line('sluice', `waiting for ingress: ${reason}`);
    }
    await delay(100);
  }
}

async function requireFree(setting: string, port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((done, fail) => {
    server.once('error', (error) => {
      fail(new Error(`port ${port} is taken by another program; stop that, or set ${setting} to another port`, { cause: error }));
    });
    server.listen(port, '127.0.0.1', () =>
      server.close(() => {
        done();
      }),
    );
  });
}
