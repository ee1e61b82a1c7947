export { LogPrinter } from './log-printer.ts';
export type { ProcessDefinition } from './managed-process.ts';
export { planProcesses } from './plan.ts';
export { readRunState, type RunningProcess, type RunState } from './run-file.ts';
export { startSluice, type StartedSluice, type StartSluiceOptions } from './start-sluice.ts';
export { readSettings as readLocalSettings } from './settings.ts';
export { Supervisor } from './supervisor.ts';
