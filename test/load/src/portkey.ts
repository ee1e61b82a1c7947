import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findFreePort } from '@sluice/testing';
import type { Gateway } from './gateway.ts';
import { startTied } from './tied-process.ts';

const version = '1.15.2';

/** Installs Portkey's gateway into a folder of its own: it is a peer to compare with, not a dependency. @returns its start file */
export function installPortkey(folder: string, log: (line: string) => void): string {
  const home = join(folder, `portkey-${version}`);
  const file = join(home, 'node_modules', '@portkey-ai', 'gateway', 'build', 'start-server.js');
  if (existsSync(file)) return file;
  log(`installing @portkey-ai/gateway ${version} …`);
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'package.json'), '{ "private": true }\n');
  // A prefix of its own: without it npm would walk up to this repository's workspace.
  const args = ['install', '--prefix', home, '--no-audit', '--no-fund', '--ignore-scripts', `@portkey-ai/gateway@${version}`];
  execFileSync('npm', args, { cwd: home, stdio: ['ignore', 2, 2] });
  return file;
}

/** Portkey on this very Node, as its documentation runs it in production: without its page of logs, which costs it time. */
export async function startPortkey(file: string, upstreamUrl: string): Promise<Gateway & { stop(): Promise<void> }> {
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const portkey = await startTied('portkey', process.execPath, [file, `--port=${port}`, '--headless'], {
    isReady: async () => (await fetch(url)).ok,
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const headers = { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': upstreamUrl, authorization: 'Bearer sk-any' };
  return {
    version: `@portkey-ai/gateway ${version}`,
    url: `${url}/v1/chat/completions`,
    headers: () => headers,
    processes: () => ({ portkey: [portkey.pid] }),
    stop: () => portkey.stop(),
  };
}
