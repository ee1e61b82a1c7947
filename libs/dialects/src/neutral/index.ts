export type * from './answer-event.ts';
export type * from './codec.ts';
export type * from './embedding.ts';
export * from './losses.ts';
export * from './model-answer.ts';
export type * from './model-request.ts';
export * from './reasoning-budget.ts';
export * from './wire-format.ts';
