import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { endChild, hasEnded, tiedCommand } from '@sluice/testing';

/** A program that dies with this process, however that ends. */
export interface TiedProcess {
  readonly pid: number;
  stop(): Promise<void>;
}

const usualReadyTimeoutMs = 30_000;
const pollMs = 50;
const maxOutputCharacters = 4_000;

interface TiedOptions {
  readonly isReady: () => Promise<boolean>;
  readonly env?: NodeJS.ProcessEnv;
  readonly readyTimeoutMs?: number;
}

/** Starts a program and waits until `isReady` says true; a call that fails counts as not yet. @throws Error with what it printed */
export async function startTied(
  name: string,
  program: string,
  args: readonly string[],
  { isReady, env = process.env, readyTimeoutMs = usualReadyTimeoutMs }: TiedOptions,
): Promise<TiedProcess> {
  const tied = tiedCommand(program, args);
  const child = spawn(tied.command, tied.args, { env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-maxOutputCharacters);
    });
  }
  child.stdin.on('error', () => undefined);
  const deadline = Date.now() + readyTimeoutMs;
  while (!(await isReady().catch(() => false))) {
    if (hasEnded(child) || Date.now() > deadline) {
      await endChild(child);
      throw new Error(`${name} did not start:\n${output}`);
    }
    await delay(pollMs);
  }
  return { pid: child.pid ?? 0, stop: () => endChild(child) };
}
