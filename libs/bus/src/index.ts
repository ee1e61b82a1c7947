export * from './body.ts';
export type * from './bus.ts';
export * from './stage.ts';
