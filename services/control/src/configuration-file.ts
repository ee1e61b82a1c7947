import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { ControlPlane } from './control-plane.ts';
import { formatProblem } from './problem.ts';

export interface ConfigurationFileOptions {
  /** Absent: all defaults. */
  readonly path: string | undefined;
  readonly plane: ControlPlane;
  readonly log: Logger;
}

/** The operator's file: read at start, on SIGHUP and when it changes. */
export class ConfigurationFile {
  readonly #options: ConfigurationFileOptions;

  constructor(options: ConfigurationFileOptions) {
    this.#options = options;
  }

  /**
   * The first load. A file with errors must not take a running gateway down at a crash or restart: the last version
   * that was in force goes on then.
   * @throws Error with all faults where there is no such version
   */
  async start(): Promise<void> {
    const faults = await this.#activate();
    if (faults.length === 0) return;
    if (await this.#options.plane.resumeStored()) {
      this.#options.log.error(
        { faults, version: this.#options.plane.version },
        'the configuration file has errors; the last good version goes on',
      );
      return;
    }
    throw new Error(`the configuration file has errors:\n${faults.join('\n')}`);
  }

  /** Never throws: whatever fails, the running configuration goes on. */
  async reload(): Promise<void> {
    const { log, plane } = this.#options;
    try {
      const faults = await this.#activate();
      if (faults.length > 0)
        log.error({ faults, version: plane.version }, 'the configuration file has errors; the running version goes on');
    } catch (error) {
      log.error({ err: error, version: plane.version }, 'the configuration could not be reloaded; the running version goes on');
    }
  }

  /** @returns one line for each fault; none: it is in force */
  async #activate(): Promise<string[]> {
    const { path, plane, log } = this.#options;
    const source = path ?? 'defaults';
    const text = path === undefined ? '' : await readOrEmpty(path);
    if (text === undefined) return [`${source}: cannot be read; check its permissions`];
    const result = await plane.activateFile(text);
    if (!result.ok) return result.problems.map((problem) => formatProblem(problem, source));
    for (const warning of result.activation.load.warnings) log.warn(formatProblem(warning, source));
    return [];
  }
}

/** A missing file means the defaults; one that is there but cannot be read is a fault. */
async function readOrEmpty(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? '' : undefined;
  }
}
