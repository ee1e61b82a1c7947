/**
 * Set-up that must run on any Node from 20 up, before there is a node_modules: dependencies, then nats-server.
 * A step that has nothing to do is silent and takes a millisecond or two.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's folder. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The Node that the `node` package brings; every service runs on it. */
export const workspaceNode = join(root, 'node_modules', 'node', 'bin', 'node');

const stamp = join(root, 'node_modules', '.sluice-lock-sha256');

/** @param {string} text */
export function progress(text) {
  process.stderr.write(`sluice: ${text}\n`);
}

/** Prints why it cannot go on, and ends. @param {string} text @returns {never} */
export function fail(text) {
  process.stderr.write(`sluice: ${text}\n`);
  process.exit(1);
}

/** Installs what package-lock.json names, unless that is what is installed. */
export async function ensureDependencies() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock && existsSync(workspaceNode)) return;
  if (!isInstalled()) {
    progress('installing dependencies with npm ci, about a minute …');
    const started = Date.now();
    await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], 'installing dependencies');
    if (!existsSync(workspaceNode)) {
      // npm may be set not to run install scripts; the `node` package needs its own to fetch the binary.
      await run('npm', ['rebuild', 'node', '--foreground-scripts', '--ignore-scripts=false'], 'installing Node');
    }
    if (!existsSync(workspaceNode)) fail(`npm installed no Node at ${workspaceNode}; run: npm rebuild node --ignore-scripts=false`);
    progress(`dependencies installed in ${Math.round((Date.now() - started) / 1000)} s`);
  }
  writeFileSync(stamp, lock);
}

/** Whether node_modules already holds exactly the locked packages, as after somebody's own `npm ci`: npm keeps its own copy of the lock there. */
function isInstalled() {
  const hidden = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden) || !existsSync(workspaceNode)) return false;
  const installed = packagesOf(hidden);
  return Object.entries(packagesOf(join(root, 'package-lock.json'))).every(([path, entry]) => {
    if (!path.startsWith('node_modules/') || entry.optional === true) return true;
    return entry.link === true ? existsSync(join(root, path)) : installed[path]?.version === entry.version;
  });
}

/** @param {string} file @returns {Record<string, { version?: string, optional?: boolean, link?: boolean }>} */
function packagesOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
}

/** Makes `nats-server` available on PATH, or says how to. A given NATS_URL needs none. */
export async function ensureNatsServer() {
  if (process.env.NATS_URL || spawnSync('nats-server', ['--version']).status === 0) return;
  // No release is downloaded here: the project publishes checksums beside its archives only, which proves nothing about them.
  const advice =
    'Install nats-server 2.9.10 or later from https://github.com/nats-io/nats-server/releases (macOS: brew install nats-server) and put it on PATH, or set NATS_URL.';
  if (spawnSync('apt-get', ['--version']).status !== 0) fail(`nats-server is missing. ${advice}`);
  if (process.getuid?.() !== 0) fail(`nats-server is missing and only root may install it: sudo apt-get install nats-server. ${advice}`);
  progress('installing nats-server from Debian …');
  // RUNLEVEL keeps the package from starting a server of its own on port 4222.
  const environment = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  await run('apt-get', ['update', '-qq'], 'reading package lists', environment);
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'nats-server'], 'installing nats-server', environment);
  if (spawnSync('nats-server', ['--version']).status !== 0) fail(`the package nats-server brought no program of that name. ${advice}`);
}

/**
 * Runs a command in the repository with its output on standard error, and a line every ten seconds.
 * @param {string} command @param {string[]} args @param {string} what @param {Record<string, string>} environment
 */
async function run(command, args, what, environment = {}) {
  const started = Date.now();
  const timer = setInterval(() => progress(`${what} … ${Math.round((Date.now() - started) / 1000)} s`), 10_000);
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 2, 2], env: { ...process.env, ...environment } });
  const code = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', resolve);
  });
  clearInterval(timer);
  if (code !== 0) fail(`${what} failed (${command} ${args.join(' ')}: ${code}); its output is above`);
}

/** Environment in which the workspace's Node and programs are found first. */
export function workspaceEnvironment() {
  return {
    ...process.env,
    PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH ?? ''}`,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(root, '.sluice', 'compile-cache'),
  };
}

/**
 * Runs a TypeScript file on the workspace's Node and ends as it ends. The IPC channel tells it when this process is gone.
 * @param {string} file @param {string[]} args @returns {Promise<never>}
 */
export async function runOnWorkspaceNode(file, args) {
  const child = spawn(workspaceNode, [join(root, file), ...args], {
    cwd: root,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: workspaceEnvironment(),
  });
  // Ctrl-C reaches the child from the terminal itself; the others reach this process alone.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill('SIGTERM'));
  const [code, signal] = await new Promise((resolve) => child.once('exit', (...end) => resolve(end)));
  process.exit(code ?? 128 + (signal ? constants.signals[signal] : 1));
}
