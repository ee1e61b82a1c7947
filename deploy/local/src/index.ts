export { readRunState, type RunningProcess, type RunState } from './run-file.ts';
export { startSluice, type StartedSluice, type StartSluiceOptions } from './start-sluice.ts';
