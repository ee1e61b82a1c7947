import type { LogPrinter } from './log-printer.ts';
import { ManagedProcess, type ManagedProcessEvents, type ProcessDefinition, type RestartPolicy } from './managed-process.ts';
import type { RunningProcess } from './run-file.ts';

export interface SupervisorOptions {
  readonly definitions: readonly ProcessDefinition[];
  readonly log: LogPrinter;
  /** Called whenever a process started or ended. */
  readonly changed: (processes: RunningProcess[]) => void;
  /** Called when a process will not be started again, because its settings are wrong. */
  readonly gaveUp: (instance: string) => void;
  readonly restartPolicy?: RestartPolicy;
}

/** Starts processes in the order they need, keeps them running, and stops them in the reverse order. */
export class Supervisor {
  readonly #processes: ManagedProcess[];
  readonly #options: SupervisorOptions;
  #stopped: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#processes = options.definitions.map((definition) => this.#manage(definition));
  }

  /** Resolves when each process has been ready once. Rejects with the first that could not start; then stop it. */
  async start(): Promise<void> {
    const ready = new Map<string, Promise<void>>();
    for (const managed of this.#processes) {
      const { after, instance } = managed.definition;
      // Definitions stand in an order in which what is needed comes first, so every name is known here.
      const needed = after.map((name) => ready.get(name) ?? Promise.resolve());
      const started = Promise.all(needed).then(async () => {
        if (this.#stopped === undefined) await managed.start();
      });
      started.catch(() => undefined);
      ready.set(instance, started);
    }
    await Promise.all(ready.values());
  }

  running(): RunningProcess[] {
    return this.#processes.flatMap((managed) => {
      const { name, instance, ports } = managed.definition;
      return managed.pid === undefined ? [] : [{ name, instance, pid: managed.pid, ports, restarts: managed.restarts }];
    });
  }

  /** Stops layer after layer, the highest first. A second call waits for the first. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopLayers();
    return this.#stopped;
  }

  /** SIGKILL to all, for the impatient. */
  kill(): void {
    for (const managed of this.#processes) managed.kill();
  }

  async #stopLayers(): Promise<void> {
    const layers = [...new Set(this.#processes.map((managed) => managed.definition.layer))].sort((a, b) => b - a);
    for (const layer of layers) {
      await Promise.all(this.#processes.filter((managed) => managed.definition.layer === layer).map((managed) => managed.stop()));
    }
  }

  #manage(definition: ProcessDefinition): ManagedProcess {
    const { log, restartPolicy } = this.#options;
    const { instance, quiet } = definition;
    const events: ManagedProcessEvents = {
      started: (child) => {
        if (child.stdout) log.follow(instance, child.stdout, quiet);
        if (child.stderr) log.follow(instance, child.stderr, quiet);
        this.#options.changed(this.running());
      },
      crashed: (reason, retryMs) => {
        log.line(
          'sluice',
          `${instance} ended: ${reason}${retryMs === undefined ? '; it is not started again' : `; again in ${retryMs} ms`}`,
        );
        this.#options.changed(this.running());
        if (retryMs === undefined) this.#options.gaveUp(instance);
      },
    };
    return new ManagedProcess(definition, events, restartPolicy);
  }
}
