import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { endChild, hasEnded } from './child-exit.ts';
import { findFreePort } from './free-port.ts';
import { tiedCommand } from './tied-command.ts';

const run = promisify(execFile);
const installations = '/usr/lib/postgresql';

export interface DebianPostgres {
  readonly url: string;
  /** Of the server; its sessions are its children. */
  readonly pid: number;
  readonly port: number;
  /** Ends it with SIGKILL and keeps the cluster; its sessions end with it. */
  kill(): Promise<void>;
  /** Starts it again on the same port after {@link kill}; resolves when it has recovered. */
  restart(): Promise<void>;
  /** Ends it and removes the cluster. */
  stop(): Promise<void>;
}

const startBudgetMs = 30_000;

/**
 * Starts a real PostgreSQL (no pgvector) on a temporary cluster at 127.0.0.1. Where it is missing and this process is root, Debian's
 * package is installed, which takes a minute. As root the server runs as user `postgres`, because it refuses to run as root.
 */
export async function startDebianPostgres(): Promise<DebianPostgres> {
  const binaries = (await findBinaries()) ?? (await install());
  const directory = await mkdtemp(join(tmpdir(), 'sluice-postgres-'));
  const owner = process.getuid?.() === 0 ? await postgresUser() : undefined;
  if (owner !== undefined) await chown(directory, owner.uid, owner.gid);
  const as = { cwd: directory, ...owner };
  const cluster = join(directory, 'cluster');
  await run(join(binaries, 'initdb'), ['-D', cluster, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'], as);
  const port = await findFreePort();
  // No fsync: the cluster is thrown away, and outlives the process all the same. Everything else is as the package has it.
  const settings = ['-D', cluster, '-p', String(port), '-h', '127.0.0.1', '-k', directory, '-F'];
  const tied = tiedCommand(join(binaries, 'postgres'), settings);
  let child: ChildProcess | undefined;
  let words = '';
  const end = async (signal: NodeJS.Signals) => {
    if (child !== undefined) await endChild(child, signal, 10_000);
  };
  const start = async () => {
    const deadline = Date.now() + startBudgetMs;
    for (;;) {
      child = spawn(tied.command, tied.args, { ...as, stdio: ['pipe', 'ignore', 'pipe'] });
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        words = (words + text).slice(-4_000);
      });
      while (!hasEnded(child) && Date.now() < deadline) {
        if (await accepts(binaries, port)) return;
        await delay(50);
      }
      // After a SIGKILL its sessions keep the shared memory for a moment, and until they are gone it will not start.
      if (Date.now() > deadline || !words.includes('shared memory block')) throw new Error(`PostgreSQL did not start: ${words}`);
      words = '';
      await delay(100);
    }
  };
  const stop = async () => {
    // SIGINT is PostgreSQL's fast shutdown: sessions are ended, not waited for.
    await end('SIGINT');
    await rm(directory, { recursive: true, force: true });
  };
  await start().catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    get pid() {
      return child?.pid ?? 0;
    },
    port,
    kill: () => end('SIGKILL'),
    restart: start,
    stop,
  };
}

/** The newest installed version's programs. */
async function findBinaries(): Promise<string | undefined> {
  const versions = await readdir(installations).catch(() => []);
  const newest = versions
    .map(Number)
    .filter(Number.isFinite)
    .sort((a, b) => b - a)[0];
  return newest === undefined ? undefined : join(installations, String(newest), 'bin');
}

async function install(): Promise<string> {
  const hint = 'install it with: apt-get install postgresql';
  if (process.getuid?.() !== 0) throw new Error(`no PostgreSQL under ${installations}, and only root may install it; ${hint}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  console.error('installing PostgreSQL from Debian (about a minute) …');
  await run('apt-get', ['update', '-qq'], { env });
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'postgresql'], { env, maxBuffer: 64 * 1_048_576 });
  const binaries = await findBinaries();
  if (binaries === undefined) throw new Error(`apt-get installed no PostgreSQL under ${installations}; ${hint}`);
  return binaries;
}

async function postgresUser(): Promise<{ uid: number; gid: number }> {
  const id = async (flag: string) => Number((await run('id', [flag, 'postgres'])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}

async function accepts(binaries: string, port: number): Promise<boolean> {
  return run(join(binaries, 'pg_isready'), ['-q', '-h', '127.0.0.1', '-p', String(port)]).then(
    () => true,
    () => false,
  );
}
