export type { Embedder } from './embedder.ts';
export { WorkerEmbedder, type WorkerEmbedderOptions } from './worker-embedder.ts';
