import { spawnSync } from 'node:child_process';

/** Installs a Debian package when its program is missing. @throws Error that says how to install it */
export function ensureDebianProgram(program: string, packageName: string, log: (line: string) => void): void {
  if (isInstalled(program)) return;
  const advice = `install it (Debian: apt-get install ${packageName}) and put it on PATH`;
  if (spawnSync('apt-get', ['--version']).status !== 0) throw new Error(`${program} is missing; ${advice}`);
  if (process.getuid?.() !== 0) throw new Error(`${program} is missing and only root may install it; ${advice}`);
  log(`installing ${packageName} from Debian …`);
  // RUNLEVEL keeps a package from starting a server of its own.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', packageName],
  ]) {
    if (spawnSync('apt-get', args, { stdio: ['ignore', 2, 2], env }).status !== 0)
      throw new Error(`apt-get ${args.join(' ')} failed; ${advice}`);
  }
  if (!isInstalled(program)) throw new Error(`the package ${packageName} brought no ${program}; ${advice}`);
}

function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0;
}
