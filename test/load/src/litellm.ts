import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findFreePort } from '@sluice/testing';
import type { Gateway } from './gateway.ts';
import { startTied } from './tied-process.ts';
import { upstreamModel } from './upstream.ts';

/** Every package of LiteLLM's proxy at one version, its dependencies included. */
const requirements = join(import.meta.dirname, 'litellm-requirements.txt');
const installTimeoutMs = 600_000;

/** LiteLLM's program, or why it cannot be had here. */
export type LitellmInstallation = { readonly program: string; readonly version: string } | { readonly unavailable: string };

/** Installs LiteLLM's proxy into a Python environment of its own, as a peer to compare with. Never silent: it says why it is missing. */
export function installLitellm(folder: string, log: (line: string) => void): LitellmInstallation {
  const version = /^litellm==(\S+)$/m.exec(readFileSync(requirements, 'utf8'))?.[1] ?? 'unknown';
  const home = join(folder, `litellm-${version}`);
  const program = join(home, 'bin', 'litellm');
  // Written last, so that an installation that was broken off is begun anew.
  const installed = join(home, 'installed');
  if (existsSync(installed)) return { program, version };
  if (spawnSync('python3', ['-m', 'venv', '--help']).status !== 0) {
    return { unavailable: 'python3 with its module venv is missing (Debian: apt-get install python3-venv)' };
  }
  log(`installing litellm ${version} from PyPI …`);
  try {
    mkdirSync(home, { recursive: true });
    const options = { stdio: ['ignore', 2, 2] as ['ignore', number, number], timeout: installTimeoutMs };
    execFileSync('python3', ['-m', 'venv', home], options);
    execFileSync(join(home, 'bin', 'pip'), ['install', '--quiet', '--no-deps', '--requirement', requirements], options);
    writeFileSync(installed, `${new Date().toISOString()}\n`);
  } catch (error) {
    return { unavailable: `pip could not install it: ${error instanceof Error ? error.message : String(error)}` };
  }
  return { program, version };
}

/**
 * LiteLLM's proxy with the settings of its page "Production Best Practices" (docs/proxy/prod, 2026-10): one uvicorn worker, which is
 * its default and its advice, errors only in the log, simple-shuffle, no database.
 */
export async function startLitellm(
  { program, version }: { program: string; version: string },
  folder: string,
  upstreamUrl: string,
): Promise<Gateway & { stop(): Promise<void> }> {
  mkdirSync(folder, { recursive: true });
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const key = `sk-${randomBytes(16).toString('hex')}`;
  const file = join(folder, 'config.yaml');
  writeFileSync(file, configuration(upstreamUrl, key));
  const litellm = await startTied(
    'litellm',
    program,
    ['--config', file, '--host', '127.0.0.1', '--port', String(port), '--num_workers', '1'],
    {
      isReady: async () => (await fetch(`${url}/health/liveliness`)).ok,
      // The cost map is the one it ships: without a network it would wait for the newest.
      env: {
        ...process.env,
        LITELLM_LOG: 'ERROR',
        LITELLM_MODE: 'PRODUCTION',
        LITELLM_LOCAL_MODEL_COST_MAP: 'True',
        DISABLE_ADMIN_UI: 'True',
      },
      readyTimeoutMs: 120_000,
    },
  );
  const headers = { authorization: `Bearer ${key}` };
  return {
    version: `litellm ${version}`,
    url: `${url}/v1/chat/completions`,
    headers: () => headers,
    processes: () => ({ litellm: [litellm.pid] }),
    stop: () => litellm.stop(),
  };
}

function configuration(upstreamUrl: string, key: string): string {
  return `model_list:
  - model_name: ${upstreamModel}
    litellm_params: { model: openai/${upstreamModel}, api_base: '${upstreamUrl}', api_key: sk-any }
general_settings: { master_key: ${key}, disable_error_logs: true }
litellm_settings: { request_timeout: 600, set_verbose: false, json_logs: true }
router_settings: { routing_strategy: simple-shuffle }
`;
}
