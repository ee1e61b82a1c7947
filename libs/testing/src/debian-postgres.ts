import { execFile, spawn } from 'node:child_process';
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
  stop(): Promise<void>;
}

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
  // No fsync: the cluster is thrown away. Everything else is as the package has it.
  const settings = ['-D', cluster, '-p', String(port), '-h', '127.0.0.1', '-k', directory, '-F'];
  const tied = tiedCommand(join(binaries, 'postgres'), settings);
  const child = spawn(tied.command, tied.args, { ...as, stdio: ['pipe', 'ignore', 'pipe'] });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-4_000);
  });
  const stop = async () => {
    // SIGINT is PostgreSQL's fast shutdown: sessions are ended, not waited for.
    await endChild(child, 'SIGINT', 10_000);
    await rm(directory, { recursive: true, force: true });
  };
  const deadline = Date.now() + 30_000;
  while (!(await accepts(binaries, port))) {
    if (hasEnded(child) || Date.now() > deadline) {
      await stop();
      throw new Error(`PostgreSQL did not start: ${words}`);
    }
    await delay(50);
  }
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, pid: child.pid ?? 0, stop };
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
