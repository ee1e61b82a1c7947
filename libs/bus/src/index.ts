export { Body } from './body.ts';
export type * from './bus.ts';
export { maxBodyBytes } from './claim-check.ts';
export { connectBus } from './connect.ts';
export type { BusOptions } from './bus-options.ts';
export { describeIssues } from './service-endpoints.ts';
export * from './stage.ts';
export { activeTraceContext, parentContext } from './tracing.ts';
export { Roster, type Rostered } from './roster.ts';
